"""One answer with all that an evaluator has to know: what was asked, what was said, by whom, what was known of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.chains import Answer, Chain
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, CONTENT, REQUEST
from telemetry.text import clean, from_json

Which: TypeAlias = Literal["given", "rejected"]

_READABLE: Final = ("redacted", "full")


@dataclass(frozen=True, slots=True)
class Case:
    """An answer. Texts are hostile input."""

    decision_id: str
    trace_id: str
    ts: datetime
    route: str
    purpose: str
    parent_decision_id: str | None
    which: Which
    messages: tuple[tuple[str, str], ...]
    """Roles and texts of what was asked, as the content policy kept them."""
    text: str
    """The answer."""
    model: str
    finish_reason: str | None
    whole: bool
    """Whether the prompt was kept as it was said, with nothing taken out."""
    stronger: bool
    """Whether the plan had a further, stronger model that was not asked."""
    scores: str
    """What validators said of this answer, JSON as in ``branch``."""

    @property
    def prompt(self) -> str:
        """The last thing that the user said; empty when there is none."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")

    @property
    def prompt_sha256(self) -> str:
        """What reference answers are found by: the hash of `prompt` in UTF-8, without outer blanks."""
        return hashlib.sha256(self.prompt.strip().encode("utf-8", "replace")).hexdigest()


def case(engine: sa.Engine, decision_id: str, which: Which = "given") -> Case | str:
    """The answer that was given, or the one that was rejected first; or why it cannot be looked at, in one sentence."""
    with reading(engine) as connection:
        request = connection.execute(
            sa.select(REQUEST).where(REQUEST.c.decision_id == clean(decision_id))
        ).one_or_none()
        if request is None:
            return "the decision is no longer in the store"
        branches = connection.execute(
            sa.select(BRANCH).where(BRANCH.c.decision_id == request.decision_id).order_by(BRANCH.c.branch_index)
        ).all()
        branch = _branch(branches, which)
        if branch is None:
            return f"the decision has no {which} answer"
        kept = {
            row.span_id: row
            for row in connection.execute(
                sa.select(CONTENT).where(CONTENT.c.span_id.in_([request.span_id, branch.span_id]))
            )
        }
    asked, said = kept.get(request.span_id), kept.get(branch.span_id)
    if asked is None or said is None:
        return "its prompt or its answer was not kept; the policy's [telemetry] content says what is"
    if asked.mode not in _READABLE or said.mode not in _READABLE or asked.text is None or said.text is None:
        return "of its prompt or its answer only a hash was kept; the policy's [telemetry] content says what is"
    messages, answer = _messages(asked.text), _messages(said.text)
    if not messages:
        return "its prompt cannot be read"
    if missing := _beyond_text(request.signals, asked.text, said.text):
        return missing
    return Case(
        decision_id=request.decision_id,
        trace_id=request.trace_id,
        ts=request.ts,
        route=request.route,
        purpose=request.purpose,
        parent_decision_id=request.parent_decision_id,
        which=which,
        messages=messages,
        text="\n".join(text for _, text in answer),
        model=branch.model,
        finish_reason=branch.finish_reason,
        whole=asked.mode == "full",
        stronger=_stronger(request, branches, branch),
        scores=branch.scores,
    )


def _branch(branches: Any, which: Which) -> sa.Row[Any] | None:
    if which == "given":
        return next((one for one in branches if one.outcome == "accepted"), None)
    return next((one for one in branches if one.kind == "model" and one.outcome == "rejected"), None)


def _beyond_text(signals: str, asked: str, said: str) -> str | None:
    """Why texts alone do not tell whether an answer is good; None when they do."""
    known = from_json(signals, {})
    if isinstance(known, Mapping) and known.get("images"):
        return "its prompt holds images, which are not kept"
    for text in (asked, said):
        found = from_json(text, [])
        turns = found if isinstance(found, list) else []
        if any(isinstance(one, Mapping) and ("tool_calls" in one or "tool_call_id" in one) for one in turns):
            return "functions of the caller are called in it, and what they do is not known"
    return None


def _stronger(request: sa.Row[Any], branches: Any, branch: sa.Row[Any]) -> bool:
    def answer(one: sa.Row[Any]) -> Answer:
        return Answer(one.kind, one.model, one.outcome == "accepted", (), None, False)

    tried = tuple(answer(one) for one in branches if one.kind == "model")
    chain = Chain(
        request.decision_id, request.ts, request.route, request.intent, False, tried, None, request.candidates
    )
    return branch.kind == "model" and chain.above(answer(branch)) is not None


def _messages(text: str) -> tuple[tuple[str, str], ...]:
    found = from_json(text, [])
    if not isinstance(found, list):
        return ()
    return tuple((str(one.get("role")), str(one.get("content") or "")) for one in found if isinstance(one, Mapping))
