"""What would become of a decision's request today: two decisions of one prompt compared in words.

A pure function of two documents of the decision's schema: the one that was made, and one that is only planned. The
sentences hold names that others chose: show them through `app.dashboard.components.paragraphs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from app import units

Document: TypeAlias = Mapping[str, Any]

_ASKED: Final = ("model", "probe")
_NO_MODEL: Final = ("tool", "cache")
"""Kinds of answers that no model was asked for."""
_SIGNALS: Final = ("intent", "domain", "language", "risk", "data_class")
"""What is likely to send a request another way, when it is read differently."""


def differences(then: Document, now: Document) -> list[str]:
    """One to three sentences a paragraph: policy, choice, what was read, exclusions, cost."""
    parts = (_policy(then, now), _choice(then, now), _read(then, now), *_exclusions(then, now), _cost(then, now))
    return [part for part in parts if part]


def first_asked(document: Document) -> str | None:
    """Who is asked first: the tool that answers, the first model that was called, or, of a plan, its first model."""
    if document.get("chosen_kind") in _NO_MODEL:
        return str(document.get("chosen"))
    called = sorted(
        (branch for branch in document.get("branches") or [] if branch.get("kind") in _ASKED),
        key=lambda branch: branch.get("index") or 0,
    )
    if called:
        return str(called[0].get("model"))
    return next(iter(_in_order(document)), None) if document.get("status") == "planned" else None


def _in_order(document: Document) -> list[str]:
    """The eligible models, the best first."""
    eligible = [one for one in document.get("candidates") or [] if not one.get("excluded_by")]
    return [str(one.get("model")) for one in sorted(eligible, key=lambda one: -(one.get("score") or 0.0))]


def _policy(then: Document, now: Document) -> str:
    before, after = (f"{one.get('policy_name')} {str(one.get('policy_version'))[:12]}" for one in (then, now))
    if then.get("policy_version") == now.get("policy_version"):
        return f"The policy is the same as then, {after}."
    return f"Then the policy {before} decided; now it is {after}."


def _choice(then: Document, now: Document) -> str:
    before, after = first_asked(then), first_asked(now)
    refused = now.get("error_message") or now.get("error_type")
    if after is None:
        would = f"Now it would get no answer: {_unstopped(refused or now.get('reason'))}."
        return would if before is not None else f"Then it got no answer, and now it would get none either. {would}"
    called = now.get("chosen_kind") not in _NO_MODEL
    doing = "would be asked first" if called else "would answer, and no model would be asked"
    if before is None:
        return f"Then it got no answer; now {after} {doing}."
    if before == after:
        same = f"The same choice: {after} {doing}, as then."
    else:
        was = "answered" if then.get("chosen_kind") in _NO_MODEL else "was asked first"
        same = f"Another choice: {after} {doing}; then {before} {was}."
    rest = [name for name in _in_order(now) if name != after]
    follows = f" After it, if need be: {', '.join(rest)}." if rest and called else ""
    final = then.get("chosen")
    ended = f" In the end {final} answered then." if final not in (None, before) else ""
    return f"{same}{follows}{ended}"


def _read(then: Document, now: Document) -> str:
    changed = []
    for name in _SIGNALS:
        before, after = _known(then, name), _known(now, name)
        if before is not None and after is not None and before != after:
            changed.append(f"{name.replace('_', ' ')} {after} (then {before})")
    return f"The request is read differently: {', '.join(changed)}." if changed else ""


def _known(document: Document, name: str) -> Any:
    value = document.get(name)
    return (document.get("signals") or {}).get(name) if value is None else value


def _exclusions(then: Document, now: Document) -> Iterator[str]:
    before, after = _standing(then), _standing(now)
    if not before or not after:
        return
    if gone := sorted(before.keys() - after.keys()):
        yield f"No longer in the policy: {', '.join(gone)}."
    if new := sorted(after.keys() - before.keys()):
        yield f"New in the policy: {', '.join(new)}."
    for model in sorted(before.keys() & after.keys()):
        was, is_now = before[model], after[model]
        if was is None and is_now is not None:
            yield f"{model} would be excluded now: {_words(is_now)}. Then it was eligible."
        elif was is not None and is_now is None:
            yield f"{model} would be eligible now. Then it was excluded: {_words(was)}."
        elif was is not None and is_now is not None and was[0] != is_now[0]:
            yield f"{model} is excluded as it was then, for another reason: {_words(is_now)}; then {_words(was)}."


def _standing(document: Document) -> dict[str, tuple[str, str] | None]:
    """By model: what excludes it and why, or None when it is eligible."""
    return {
        str(one.get("model")): (str(one["excluded_by"]), str(one.get("excluded_reason") or ""))
        if one.get("excluded_by")
        else None
        for one in document.get("candidates") or []
    }


def _words(exclusion: tuple[str, str]) -> str:
    by, reason = exclusion
    kind, _, name = by.partition(":")
    why = f'the {kind} "{name}"' if name else by.replace("_", " ")
    return f"{why} ({_unstopped(reason)})" if reason else why


def _cost(then: Document, now: Document) -> str:
    model = first_asked(now)
    if model is None:
        return ""
    if now.get("chosen_kind") in _NO_MODEL:
        return f"It would cost nothing; then it cost {units.usd(then.get('cost_usd'))} in all."
    expected, before = _expected(now, model), _expected(then, model)
    if expected is None:
        would = f"What {model} would cost is not known, since it has no price."
    else:
        moved = "" if before is None or before == expected else f"; then {units.usd(before)} was expected of it"
        would = f"If the answer of {model} is accepted, it is expected to cost {units.usd(expected)}{moved}."
    return f"{would} All that was spent then: {units.usd(then.get('cost_usd'))}."


def _expected(document: Document, model: str) -> float | None:
    candidates = document.get("candidates") or []
    return next((one.get("expected_cost_usd") for one in candidates if one.get("model") == model), None)


def _unstopped(text: object) -> str:
    return str(text).rstrip(". ")
