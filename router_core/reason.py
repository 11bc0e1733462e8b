"""The decision in one or two sentences for a person: who answered, why that one, and what came before."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.branch import Branch
from router_core.errors import RouteScopeError
from router_core.guard import Eligibility
from router_core.result import Status
from router_core.strategies.base import Plan
from router_core.validators.combination import COMBINED


def story(
    status: Status,
    plan: Plan | None,
    branches: Sequence[Branch],
    chosen: Branch | None,
    error: RouteScopeError | None,
    eligibility: Eligibility | None,
) -> str:
    """Why the request ended as it did."""
    if status == "planned":
        return _intention(plan, chosen, error)
    if status == "cancelled":
        running = branches[-1].model if branches else "any model"
        return f"The caller left while {running} was answering."
    if chosen is None:
        return f"No answer: {error}." if error is not None else "No answer."
    if chosen.kind == "tool":
        return f"{chosen.model} answered before any model was called: {_bare(chosen.reason)}."
    if chosen.kind == "cache":
        return f"The cache answered, with no model called: {_bare(chosen.reason)}."
    others = [branch for branch in branches if branch is not chosen and branch.kind == "model"]
    before = [setback for setback in map(_setback, others) if setback is not None]
    sentence = f"{chosen.model} answered"
    if before:
        sentence += " after " + ", and ".join(before)
    elif plan is not None:
        sentence += f": {plan.reason}"
    again = any(branch.deciding is not None and not branch.deciding.passed for branch in others)
    return f"{sentence}; {_verdict(chosen, again=again)}." if chosen.scores else f"{sentence}."


def _intention(plan: Plan | None, chosen: Branch | None, error: RouteScopeError | None) -> str:
    if error is not None:
        return f"There would be no answer: {error}."
    if chosen is not None and chosen.kind == "cache":
        return f"The cache would answer, with no model called: {_bare(chosen.reason)}."
    if chosen is not None:
        return f"{chosen.model} would answer before any model is called: {_bare(chosen.reason)}."
    if plan is None or not plan.models:
        return "There would be no answer."
    first, *rest = plan.models
    words = f"{first.model} would be asked first: {plan.reason}"
    return f"{words}; then, if need be, {', '.join(place.model for place in rest)}." if rest else f"{words}."


def _setback(branch: Branch) -> str | None:
    if branch.outcome == "failed":
        return f"{branch.model} failed ({branch.error_type})"
    deciding = branch.deciding
    if deciding is not None and not deciding.passed:
        if deciding.score is None:
            return f"{branch.model} could not be scored on {deciding.validator} ({_bare(deciding.reason)})"
        return (
            f"{branch.model} scored {deciding.score:.2f} on {deciding.validator}, below {deciding.threshold:.2f} "
            f"({_bare(deciding.reason)})"
        )
    return None


def _verdict(chosen: Branch, *, again: bool) -> str:
    deciding = chosen.deciding
    assert deciding is not None
    if deciding.passed and deciding.validator == COMBINED and deciding.score is not None:
        return f"its answer scored {deciding.score:.2f} of {deciding.threshold:.2f} on all its validators together"
    if deciding.passed:
        names = ", ".join(score.validator for score in chosen.scores)
        return f"its answer passed {names}"
    either = " either" if again else ""
    why = _bare(deciding.reason)
    return f"its answer did not pass {deciding.validator}{either} ({why}), and no stronger model was left"


def _bare(sentence: str) -> str:
    return sentence.rstrip(".")
