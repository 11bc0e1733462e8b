"""How a run is drawn: each part takes the state and draws what is known of it. Light: it is drawn many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app import plain, units
from app.dashboard import cards, components, navigation
from app.dashboard.components import Cell, Tone
from app.panels.decision.story import NOT_PASSED
from app.panels.playground.state import BranchView, PlaygroundState, Standing
from router_core.result import CandidateRecord, CommitState, Decision, Verdict

STYLE = """<style>
.rs-lanes { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr max-content; gap: .42rem .8rem;
  align-items: center; font-size: .9rem; }
.rs-lane-track { position: relative; height: .95rem; border-radius: .2rem; background: rgba(128,128,140,.13); }
.rs-lane-bar { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: .2rem; }
.rs-lane-first { position: absolute; top: -.16rem; bottom: -.16rem; width: 2px; background: currentColor; }
.rs-lane-name { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 15rem; }
.rs-lane-time { text-align: right; white-space: nowrap; }
.rs-answer { font-size: 1rem; }
.rs-answer.rs-muted { min-height: 3.2rem; }
.rs-struck { text-decoration: line-through; text-decoration-thickness: 1px; }
</style>"""

STANDING_TONE: dict[Standing, Tone] = {
    "running": "muted",
    "complete": "muted",
    "accepted": "ok",
    "rejected": "warn",
    "failed": "bad",
    "compared": "muted",
    "cancelled": "warn",
}
STANDING_SAID: dict[Standing, str] = {
    "running": "running",
    "complete": "being checked",
    "accepted": "accepted",
    "rejected": "rejected",
    "failed": "failed",
    "compared": "compared",
    "cancelled": "cancelled",
}
NOT_COMMITTED: dict[CommitState, str] = {
    "spooled": "The decision is safe on disk but not in the database yet; its page appears once the database can be "
    "written again.",
    "not_durable": "This decision was not kept: neither the database nor the spool could be written. "
    "`routescope doctor` says what is wrong.",
    "queued": "The decision is queued and not yet confirmed (durability is async); its page may take a moment.",
    "off": "Nothing was recorded: this gateway runs without telemetry.",
}


def heading(state: PlaygroundState, elapsed_ms: float) -> tuple[str, str]:
    """What is happening, as a card's title and subtitle."""
    if state.phase == "broken":
        return "No answer", "The run broke off"
    if state.phase == "stopped":
        return "Stopped", f"You stopped it after {units.duration(elapsed_ms)}; what had come until then is shown"
    if state.phase == "done":
        return _ended(state, elapsed_ms)
    running = state.current
    clock = units.duration(elapsed_ms)
    if running is not None:
        doing = "answers" if running.final else "drafts an answer"
        return "Answer", f"{plain.visible(running.model, 60)} {doing}, {clock}"
    if state.branches:
        return "Answer", f"The answer is being checked, {clock}"
    return "Answer", f"Choosing who answers, {clock}"


def answer(state: PlaygroundState) -> None:
    """The answer as it comes; a draft is marked as one until it is accepted."""
    if state.error is not None:
        st.html(f'<div class="rs-sub rs-bad" role="alert">{plain.html(_sentence(state.error), 800)}</div>')
    if state.failure is not None:
        st.html(f'<div class="rs-bad" role="alert">{plain.html(_sentence(state.failure.message), 800)}</div>')
        return
    if state.answer is not None:
        _text(state.answer.text)
        if state.answer.citations:
            components.chips({"from": ", ".join(state.answer.citations)})
        return
    written = next((branch for branch in reversed(state.branches) if branch.kind in ("model", "tool", "cache")), None)
    if written is None or not written.text or written.standing in ("rejected", "failed"):
        if state.phase == "running":
            st.html('<div class="rs-answer rs-muted">…</div>')
        return
    if written.draft:
        said = "not accepted" if state.over else "not accepted yet"
        st.html(f'<div class="rs-sub rs-warn">Draft by {plain.html(written.model, 60)}, {said}</div>')
    _text(written.text, draft=written.draft)


def known(state: PlaygroundState) -> None:
    """The signals."""
    signals = state.signals
    if signals is None:
        _waiting()
        return
    found: dict[str, object] = {
        "intent": f"{signals.intent} {units.share(signals.intent_confidence, 0)}",
        "language": signals.language,
        "words": units.count(signals.words),
        "tokens": f"about {units.count(signals.input_tokens)}",
    }
    if signals.domain != "general":
        found["domain"] = f"{signals.domain} {units.share(signals.domain_confidence, 0)}"
    found["complexity"] = units.score(signals.complexity)
    if signals.code:
        found["code"] = "yes"
    if signals.numbers:
        found["numbers"] = signals.numbers
    if signals.pii:
        found["personal data"] = ", ".join(signals.pii)
    if signals.secrets:
        found["secrets"] = ", ".join(signals.secrets)
    if signals.injection:
        kinds = ", ".join(signals.injection_kinds).replace("_", " ")
        found["like an injection"] = f"{kinds} {units.score(signals.injection)}"
    components.chips(found)


def guard(state: PlaygroundState) -> None:
    """What each guard rule said."""
    if state.verdicts is None:
        _waiting()
    elif not state.verdicts:
        components.untrusted("No guard rule applies to this request.", muted=True)
    else:
        components.table(
            ("Rule", "Verdict", "Why"),
            [
                (
                    plain.visible(each.rule, 60),
                    Cell(each.outcome, components.OUTCOME_TONE.get(each.outcome)),
                    Cell(_why(each), "muted"),
                )
                for each in state.verdicts
            ],
        )


def _why(verdict: Verdict) -> str:
    failed = f"; its expression failed ({verdict.failed}), so it applies" if verdict.failed else ""
    return verdict.reason + failed + (f" (owner: {verdict.owner})" if verdict.owner else "")


def candidates(state: PlaygroundState, colours: Mapping[str, str]) -> None:
    """The models in the order in which they would be asked, then the excluded ones with their reason."""
    if state.candidates is None:
        settled = next((branch for branch in state.branches if branch.kind in ("tool", "cache")), None)
        if settled is not None or state.over:
            components.untrusted("No model was considered: it was settled before.", muted=True)
        else:
            _waiting()
        return
    components.table(
        ("", "Model", "Tier", "Expected cost"),
        [_candidate(place, each, colours) for place, each in enumerate(state.candidates, 1)],
        numbers=(3,),
    )


def lanes(state: PlaygroundState, colours: Mapping[str, str], elapsed_ms: float) -> None:
    """The branches on one time axis, from the start of the request; the mark is the first token."""
    if not state.branches:
        _waiting() if state.phase == "running" else components.untrusted("Nothing was called.", muted=True)
        return
    whole = _span(state, elapsed_ms)
    body = "".join(_lane(branch, whole, elapsed_ms, colours) for branch in state.branches)
    st.html(
        f'<div class="rs-lanes" role="img" aria-label="{plain.html(_told(state))}">{body}'
        f'<span></span><span class="rs-sub" style="display:flex;justify-content:space-between">'
        f"<span>0</span><span>{units.duration(whole)}</span></span><span></span></div>"
    )


def scores(state: PlaygroundState) -> None:
    """Validators' scores against their thresholds."""
    rows = [
        (
            plain.visible(branch.model, 60),
            each.validator,
            Cell(f"{units.score(each.score)} of {units.score(each.threshold)}", "ok" if each.passed else "bad"),
            Cell("passed" if each.passed else "too low", "ok" if each.passed else "bad"),
            Cell(each.reason, "muted"),
        )
        for branch in state.branches
        for each in branch.scores
    ]
    if rows:
        components.table(("Branch", "Validator", "Score / threshold", "Verdict", "Why"), rows, numbers=(2,))


def moves(state: PlaygroundState) -> None:
    """Escalations and fallbacks, each with its reason."""
    for move in state.moves:
        word = "Escalated" if move.cause == "escalation" else "Fell back"
        components.notice(f"{word} from {move.from_model} to {move.to_model}: {plain.visible(move.reason, 300)}")


def drafts(branches: Sequence[BranchView]) -> None:
    """What was written and not given."""
    if not branches:
        return
    with st.expander(f"Discarded drafts ({len(branches)})", key="drafts"):
        for branch in branches:
            st.html(
                f'<div class="rs-sub">{plain.html(branch.model, 60)}, {STANDING_SAID[branch.standing]}</div>'
                f'<pre class="rs-plain rs-draft rs-struck">{plain.html(branch.text)}</pre>'
            )


def bill(decision: Decision) -> None:
    """What it cost, and what it would have."""
    reads, writes = decision.input_tokens, decision.output_tokens
    estimated = any(branch.cost_source == "estimated" for branch in decision.branches)
    figures = (
        ("Cost", units.usd(decision.cost_usd), "All branches together" + (", estimated" if estimated else "")),
        (
            "Baseline",
            units.usd(decision.baseline_cost_usd),
            f"{plain.visible(decision.baseline_model, 40)} alone" if decision.baseline_model else "no baseline model",
        ),
        ("Saved", units.usd(decision.savings_usd), _saved_share(decision)),
        ("Tokens in / out", f"{units.count(reads)} / {units.count(writes)}", "All branches together"),
        ("First token", units.duration(decision.ttft_ms), f"Whole request {units.duration(decision.latency_ms)}"),
        ("Router's own time", units.duration(decision.overhead_ms), "All but models, tools and the commit"),
    )
    with cards.grid("bill", narrowest="kpi"):
        for name, value, note in figures:
            with st.container(border=True, key=f"card-bill-{name.split()[0].lower().rstrip(chr(39) + 's')}", gap=None):
                st.html(
                    f'<div class="rs-sub">{plain.html(name)}</div>'
                    f'<div style="font-size:1.35rem;font-weight:600;line-height:1.5;white-space:nowrap">'
                    f'{plain.html(value)}</div><div class="rs-sub">{plain.html(note)}</div>'
                )


def record(state: PlaygroundState) -> None:
    """Whether the decision was kept, and the way to its page."""
    if state.commit is not None and state.commit != "committed":
        components.notice(NOT_COMMITTED[state.commit], tone="bad" if state.commit == "not_durable" else "warn")
    if state.over and state.decision_id is not None and state.commit not in ("off", "not_durable"):
        navigation.decision_link(state.decision_id, label="Open the decision's page")


def _ended(state: PlaygroundState, elapsed_ms: float) -> tuple[str, str]:
    decision = state.decision
    if state.failure is not None or decision is None:
        # The decision's own clock once there is one: ours counts the way to the gateway and back as well.
        took = elapsed_ms if decision is None else decision.latency_ms
        return "No answer", f"It ended after {units.duration(took)}"
    by = f"by {plain.visible(decision.chosen, 60)}" if decision.chosen else ""
    return "Answer", f"{by} in {units.duration(decision.latency_ms)}".strip()


def _text(text: str, *, draft: bool = False) -> None:
    tone = " rs-draft" if draft else ""
    st.html(
        f'<pre class="rs-plain rs-answer{tone}" data-answer="{"draft" if draft else "final"}">{plain.html(text)}</pre>'
    )


def _candidate(place: int, each: CandidateRecord, colours: Mapping[str, str]) -> tuple[Cell | object, ...]:
    if each.excluded_by is None:
        name = Cell(each.model, swatch=colours.get(each.model))
        return Cell(place, "muted"), name, each.tier, units.usd(each.expected_cost_usd)
    why = each.excluded_reason or each.excluded_by
    return Cell("", "muted"), Cell(f"{plain.visible(each.model, 60)}: {why}", "muted"), Cell(each.tier, "muted"), ""


def _lane(branch: BranchView, whole: float, elapsed_ms: float, colours: Mapping[str, str]) -> str:
    ended = elapsed_ms if branch.ended_ms is None else branch.ended_ms
    left = min(branch.started_ms / whole, 1) * 100
    width = max(min(ended, whole) - branch.started_ms, 0) / whole * 100
    first = branch.record.ttft_ms if branch.record is not None else None
    mark = (
        ""
        if first is None
        else f'<span class="rs-lane-first" style="left:{(branch.started_ms + first) / whole * 100:.2f}%"></span>'
    )
    standing = branch.standing
    faded = ";opacity:.45" if standing in ("rejected", "failed", "cancelled") else ""
    colour = colours.get(branch.model, "#8b8b92")
    kind = "" if branch.kind == "model" else f' <span class="rs-muted">{plain.html(branch.kind)}</span>'
    title = plain.html(f"{branch.model}: {branch.reason}", 300)
    tone = "warn" if branch.below_threshold else STANDING_TONE[standing]
    return (
        f'<span class="rs-lane-name" title="{title}">{plain.html(branch.model, 60)}{kind}</span>'
        f'<span class="rs-lane-track"><span class="rs-lane-bar" '
        f'style="left:{left:.2f}%;width:{width:.2f}%;background:{plain.html(colour)}{faded}"></span>{mark}</span>'
        f'<span class="rs-lane-time">{units.duration(max(ended - branch.started_ms, 0))} '
        f'<span class="rs-{tone}">{_said(branch)}</span></span>'
    )


def _span(state: PlaygroundState, elapsed_ms: float) -> float:
    """Length of the time axis in ms: to the last end, or to now while something runs."""
    ends = [elapsed_ms if branch.ended_ms is None else branch.ended_ms for branch in state.branches]
    return max([*ends, *(branch.started_ms for branch in state.branches), 0.001])


def _told(state: PlaygroundState) -> str:
    return "; ".join(f"{branch.model} {_said(branch)}" for branch in state.branches)


def _said(branch: BranchView) -> str:
    return NOT_PASSED if branch.below_threshold else STANDING_SAID[branch.standing]


def _saved_share(decision: Decision) -> str:
    if decision.savings_usd is None or not decision.baseline_cost_usd:
        return "against the baseline"
    return f"{units.share(decision.savings_usd / decision.baseline_cost_usd, 0)} of the baseline"


def _sentence(text: str) -> str:
    """An error's sentence as it stands on a page: a capital first."""
    return text[:1].upper() + text[1:]


def _waiting() -> None:
    components.untrusted("…", muted=True)
