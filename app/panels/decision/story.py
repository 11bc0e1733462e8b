"""A decision told in words: what was asked, what was excluded, what ran, how it ended, what it cost.

A pure function of the decision's document (docs/decision.schema.json). The sentences are plain text and hold names
that others chose: show them through `app.dashboard.components.paragraphs` or another place that escapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app import units

EXCLUSIONS = {
    "ready": "was not ready",
    "context_window": "has too small a context window",
    "route": "is not offered by the route",
    "cap": "would break a cap",
    "breaker": "failed of late and is not called for a while",
    "plan": "is not in the strategy's plan",
    "data_class": "may not see data of this class",
    "capability": "lacks a capability that was asked for",
    "intent_tiers": "is not for this intent",
}
"""What `excluded_by` means when no rule of the policy is named."""

ASKERS = {
    "user": "A user",
    "playground": "Somebody in the playground",
    "canary": "A canary",
    "shadow": "A shadow call",
    "judge": "A judge",
}
NOT_PASSED = "given, did not pass"
"""Of an answer below its threshold, when no other passed either."""


def story(document: Mapping[str, Any]) -> list[str]:
    """One to three sentences a paragraph, in the order in which things happened."""
    told = (
        _asked(document),
        _narrowed(document),
        *_ran(document),
        _continued(document),
        _ended(document),
        _billed(document),
    )
    return [paragraph for paragraph in told if paragraph]


def headline(document: Mapping[str, Any]) -> str:
    """The decision in one line."""
    chosen, status = document.get("chosen"), document.get("status")
    if status == "planned":
        return "Planned only: nothing was called"
    if status == "denied":
        return "Denied before any model was called" if not document.get("branches") else "Denied"
    if status == "cancelled":
        return "Cancelled before an answer was complete"
    if status == "failed" or chosen is None:
        return "No answer: every branch failed"
    if document.get("chosen_kind") == "tool":
        return f"Answered by the tool {chosen}, no model called"
    if document.get("chosen_kind") == "cache":
        return "Answered from the cache, no model called"
    doubt = ", though no answer passed its checks" if _none_passed(document) else ""
    if document.get("escalated"):
        return f"Escalated, then answered by {chosen}{doubt}"
    if document.get("fell_back"):
        return f"Answered by {chosen} after a fallback{doubt}"
    return f"Answered by {chosen}{doubt}"


def below_threshold(branch: Mapping[str, Any]) -> bool:
    """Whether a branch's answer was given although it did not pass: its outcome is ``accepted`` all the same."""
    score, threshold = branch.get("score"), branch.get("threshold")
    if branch.get("outcome") != "accepted" or score is None or threshold is None:
        return False
    return bool(score < threshold)


def _asked(document: Mapping[str, Any]) -> str:
    if not document.get("policy_version") and str(document.get("route")).startswith("otlp/"):
        # Another system's call: nobody asked us.
        return f"{document.get('reason')}."
    signals = document.get("signals") or {}
    asker = ASKERS.get(str(document.get("purpose")), "Somebody")
    facts = []
    if signals.get("words") is not None:
        facts.append(units.plural(int(signals["words"]), "word"))
    if signals.get("language") not in (None, "und"):
        facts.append(f"language {signals['language']}")
    if signals.get("intent"):
        sure = signals.get("intent_confidence")
        facts.append(f"intent {signals['intent']}" + ("" if sure is None else f" ({units.share(sure, 0)} sure)"))
    if signals.get("domain") not in (None, "general"):
        facts.append(f"about {signals['domain']} matters")
    if signals.get("code"):
        facts.append("with code")
    for kind, name in (("pii", "personal data"), ("secrets", "secrets")):
        if signals.get(kind):
            facts.append(f"with {name} ({', '.join(map(str, signals[kind]))})")
    if signals.get("tool_rounds"):
        facts.append(_loop(signals))
    if signals.get("injection"):
        kinds = ", ".join(map(str, signals.get("injection_kinds") or ())).replace("_", " ")
        facts.append(f"looking like an injection ({kinds}, {units.score(signals['injection'])})")
    described = f": {', '.join(facts)}" if facts else ""
    if any(verdict.get("outcome") == "rerouted" for verdict in document.get("verdicts") or []):
        return f"{asker}'s request ran as the route {document.get('route')}{described}."
    return f"{asker} asked the route {document.get('route')}{described}."


def _loop(signals: Mapping[str, Any]) -> str:
    """How the calls of functions went whose results the request brought."""
    went = [f"{units.plural(int(signals['tool_rounds']), 'round')} of function calls"]
    for name, words in (("tool_errors", "failed"), ("tool_repeats", "repeated")):
        if signals.get(name):
            went.append(f"{signals[name]} of the last four {words}")
    trouble = signals.get("tool_trouble")
    return f"after {', '.join(went)}" + (f" (trouble {units.score(trouble)})" if trouble else "")


def _narrowed(document: Mapping[str, Any]) -> str:
    candidates = document.get("candidates") or []
    out = [candidate for candidate in candidates if candidate.get("excluded_by")]
    denied = [verdict for verdict in document.get("verdicts") or [] if verdict.get("outcome") == "denied"]
    parts = [f"{_ruling(verdict)} denied the request: {_unstopped(verdict.get('reason'))}." for verdict in denied]
    parts += [
        f"{_ruling(verdict)}: {_unstopped(verdict.get('reason'))}."
        for verdict in document.get("verdicts") or []
        if verdict.get("outcome") in ("raised", "redacted", "rerouted")
    ]
    if not candidates:
        return " ".join(parts)
    left = len(candidates) - len(out)
    if not out:
        whole = "The one model" if left == 1 else f"All {units.plural(left, 'model')}"
        return " ".join([*parts, f"{whole} that could be asked {'was' if left == 1 else 'were'} eligible."])
    reasons = "; ".join(_excluded(candidate) for candidate in out)
    parts.append(f"Of {units.plural(len(candidates), 'model')}, {left} stayed eligible. Excluded: {reasons}.")
    return " ".join(parts)


def _ruling(verdict: Mapping[str, Any]) -> str:
    kind, _, name = str(verdict.get("rule")).partition(":")
    return f'The budget "{name}"' if kind == "budget" and name else f'The rule "{verdict.get("rule")}"'


def _excluded(candidate: Mapping[str, Any]) -> str:
    by, reason = str(candidate["excluded_by"]), candidate.get("excluded_reason")
    kind, _, rule = by.partition(":")
    named = kind in ("rule", "budget")
    why = f'by the {kind} "{rule}"' if named else EXCLUSIONS.get(by, f"by {by}")
    return f"{candidate.get('model')} {why}" + (f" ({reason})" if reason else "")


def _ran(document: Mapping[str, Any]) -> list[str]:
    branches = sorted(document.get("branches") or [], key=lambda branch: branch.get("index") or 0)
    return [_branch(branch, place, branches) for place, branch in enumerate(branches)]


def _branch(branch: Mapping[str, Any], place: int, branches: Sequence[Mapping[str, Any]]) -> str:
    kind, model, outcome = branch.get("kind"), branch.get("model"), branch.get("outcome")
    where = ", ".join(f"{key} {branch[key]}" for key in ("tier", "deployment") if branch.get(key))
    if kind == "cache":
        would = "would give it" if outcome == "planned" else "gave it"
        return f"The cache held the answer and {would} again: {_unstopped(branch.get('reason'))}."
    who = f"The tool {model}" if kind == "tool" else f"{model}" + (f" ({where})" if where else "")
    order = _order(branch, place, branches)
    role = {"probe": "was asked as well, to compare", "judge": "judged the answer", "tool": f"was tried {order}"}
    took = branch.get("latency_ms")
    after = f" after {units.duration(took)}" if took else ""
    opening = f"{who} {role.get(str(kind), f'was tried {order}')}"
    if outcome == "planned":
        return f"{who} would be tried {order}."
    if outcome == "failed":
        why = branch.get("error_message") or branch.get("error_type") or "no reason given"
        return f"{opening} and failed{after}: {why}." + _then(place, branches, "the router fell back")
    if outcome == "cancelled":
        return f"{opening} and was cancelled{after}."
    answered = f"{opening}; its answer came{after}{_scored(branch)}"
    if outcome == "rejected":
        # A tool that is not sure enough is no escalation: no model has been asked yet.
        went = "the request went on" if kind == "tool" else "the request escalated"
        return f"{answered}, and was not used." + _then(place, branches, went)
    if below_threshold(branch):
        return f"{answered}." + _then(place, branches, "the request escalated")
    if outcome == "accepted":
        return f"{answered}, and was accepted."
    return f"{answered}."


def _order(branch: Mapping[str, Any], place: int, branches: Sequence[Mapping[str, Any]]) -> str:
    """How a branch stands to those before it: first, next, again, or beside one that was still running."""
    before = [one for one in branches[:place] if one.get("kind") == branch.get("kind")]
    if place == 0:
        return "first"
    if any(_beside(one, branch) for one in before):
        return "at the same time"
    return "again" if any(one.get("model") == branch.get("model") for one in before) else "next"


def _beside(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    began, took, then = earlier.get("started_ms"), earlier.get("latency_ms"), later.get("started_ms")
    return began is not None and took is not None and then is not None and then < began + took


def _scored(branch: Mapping[str, Any]) -> str:
    score, threshold = branch.get("score"), branch.get("threshold")
    if score is None:
        return ""
    if threshold is None:
        return f", scored {units.score(score)}"
    against = "below" if score < threshold else "at least"
    low = [one for one in branch.get("scores") or [] if one.get("passed") is False]
    by = f" ({'; '.join(_validator(one) for one in low)})" if low else ""
    return f", scored {units.score(score)}, {against} the threshold of {units.score(threshold)}{by}"


def _validator(one: Mapping[str, Any]) -> str:
    return f"{one.get('validator')}: {one.get('reason') or 'no reason given'}"


def _then(place: int, branches: Sequence[Mapping[str, Any]], what: str) -> str:
    following = next(
        (branch for branch in branches[place + 1 :] if branch.get("kind") in {"model", "cache", "tool"}), None
    )
    # What was asked side by side did not follow from this one.
    if following is None or any(_beside(one, following) for one in branches[: place + 1]):
        return ""
    if following.get("model") == branches[place].get("model"):
        return " So it was asked again."
    return f" So {what} to {following.get('model')}."


def _continued(document: Mapping[str, Any]) -> str:
    """Whether the conversation stayed with the model that answered it before, and what leaving that one costs."""
    candidates, chosen = document.get("candidates") or [], document.get("chosen")
    last = next((one.get("model") for one in candidates if one.get("answered_before")), None)
    if last is None or chosen is None or document.get("chosen_kind") != "model":
        return ""
    if chosen == last:
        return f"It stayed with {last}, since that model answered this conversation before: its prompt cache is warm."
    cost = next((one.get("cold_cache_usd") for one in candidates if one.get("model") == chosen), None)
    told = "What that costs is not known." if cost is None else f"That costs about {units.usd(cost)} more."
    return f"{last} answered this conversation before; {chosen} had to read it anew. {told}"


def _ended(document: Mapping[str, Any]) -> str:
    latency, first = document.get("latency_ms"), document.get("ttft_ms")
    # Exactly 0 is what a clock tells that stood still.
    took = f" after {units.duration(latency)}" if latency else ""
    status = document.get("status")
    if status == "planned":
        return "This is an explanation: nothing was called."
    if status != "ok" or document.get("chosen") is None:
        why = document.get("error_message") or document.get("error_type") or document.get("reason")
        word = {"denied": "was denied", "cancelled": "was cancelled"}.get(str(status), "ended without an answer")
        return f"The request {word}{took}" + (f": {_unstopped(why)}." if why else ".")
    start = "" if not first else f", its first token after {units.duration(first)}"
    if _none_passed(document):
        return f"No answer passed its checks, so that of {document['chosen']} was given, complete{took}{start}."
    whose = "the cache" if document.get("chosen_kind") == "cache" else document["chosen"]
    return f"The answer of {whose} was complete{took}{start}."


def _none_passed(document: Mapping[str, Any]) -> bool:
    """The router gives an answer below its threshold only when none passed."""
    return any(below_threshold(branch) for branch in document.get("branches") or [])


def _billed(document: Mapping[str, Any]) -> str:
    cost, baseline = document.get("cost_usd"), document.get("baseline_cost_usd")
    spent = (
        "What it cost is not known, since a part has no price."
        if cost is None
        else f"It cost {units.usd(cost)} in all{_unused(document)}."
    )
    if document.get("status") == "planned":
        return ""
    if baseline is None:
        return f"{spent} There is no baseline to compare with."
    name, source = document.get("baseline_model") or "the strongest eligible model", document.get("baseline_source")
    would = f"The baseline, {name}, would have cost {units.usd(baseline)}" + (f" ({source})" if source else "")
    saved = document.get("savings_usd")
    if saved is None:
        return f"{spent} {would}."
    word = "saved" if saved >= 0 else "more was spent"
    part = f", {units.share(abs(saved) / baseline, 0)}" if baseline else ""
    return f"{spent} {would}: {units.usd(abs(saved))} {word}{part}."


def _unused(document: Mapping[str, Any]) -> str:
    lost = [branch.get("cost_usd") for branch in document.get("branches") or [] if branch.get("outcome") != "accepted"]
    known = [cost for cost in lost if cost is not None]
    return f", {units.usd(sum(known))} of it on answers not used" if sum(known) > 0 else ""


def _unstopped(text: object) -> str:
    return str(text).rstrip(". ")
