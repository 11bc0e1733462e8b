"""The newest decisions as chains of answers: what each scored against which threshold, what it cost, what came next.

Rollups know how often; only single decisions know what would have happened otherwise. So these are read, the newest
`SLICE` of them, however much is stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from telemetry.cells import records
from telemetry.columns import real
from telemetry.query.filters import Filters, on_facts
from telemetry.query.funnel import ANSWERING
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.text import from_json

SLICE: Final = 1000
"""Decisions that are read at most."""
LOOK: Final = 25_000
"""Decisions, the newest of the period, among which those of the filter are looked for."""
ENDED: Final = ("accepted", "rejected")
"""Outcomes of a branch that has a complete answer."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one validator said of one answer."""

    validator: str
    score: float | None
    """0..1; None when it had none to give."""
    threshold: float
    passed: bool
    weighed: bool
    """Whether it was one part of a weighted mean, so that its own threshold decided nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of a tool, the cache or a model."""

    kind: str
    model: str
    given: bool
    """It was the final one."""
    scores: tuple[Score, ...]
    cost_nano: int | None
    """Of this step: failed attempts on the way to it, and the probes and judges that it was compared with, included."""
    followed: bool
    """Whether any further model was called."""

    @property
    def passed(self) -> bool:
        """Whether no validator had anything against it."""
        return all(score.passed for score in self.scores)


@dataclass(frozen=True, slots=True)
class Chain:
    """One decision: its answers in the order in which they were asked for."""

    decision_id: str
    ts: datetime
    route: str
    intent: str
    escalated: bool
    answers: tuple[Answer, ...]
    tail_nano: int | None
    """Spent after the last answer, on models that failed; of everything when there is no answer."""
    candidates: str
    """JSON, as the decision's row has it; few are ever looked at."""

    def above(self, answer: Answer) -> str | None:
        """The model that would have been asked next had this model's answer been rejected; None when there is none.

        A low score leads to the first untried model of the plan that has a lower rank.
        """
        plan = list(_plan(self.candidates))
        rank = dict(plan).get(answer.model, -math.inf)
        asked = {one.model for one in self.answers}
        return next((model for model, its in plan if its < rank and model not in asked), None)


@dataclass(frozen=True, slots=True)
class Chains:
    """Some decisions, newest first."""

    rows: tuple[Chain, ...]
    whole: bool
    """Whether these are all that the filter lets through and rows are kept of."""


def chains(engine: sa.Engine, filters: Filters, *, limit: int = SLICE, look: int = LOOK) -> Chains:
    """The newest decisions of the filter, in which models are those that were tried first.

    At most ``limit``, among the ``look`` newest of the period: a tenant that asks once a month costs no more than one
    that asks all day.
    """
    order = (REQUEST.c.ts.desc(), REQUEST.c.span_id.desc())
    period = Filters(start=filters.start, end=filters.end, purposes=())
    # The index on time alone answers this.
    edge = sa.select(REQUEST.c.ts).where(*on_facts(REQUEST, "first", period)).order_by(*order).offset(look).limit(1)
    with reading(engine) as connection:
        since = connection.scalar(edge)
        newest = sa.select(*(REQUEST.c[name] for name in _OF_REQUEST)).where(*on_facts(REQUEST, "first", filters))
        if since is not None:
            newest = newest.where(REQUEST.c.ts > since)
        newest = newest.order_by(*order).limit(limit + 1)
        requests = connection.execute(newest).all()
        picked = newest.with_only_columns(REQUEST.c.decision_id).limit(limit).subquery()
        tried: sa.Select[Any] = (
            sa.select(*(BRANCH.c[name] for name in _OF_BRANCH))
            .join(picked, BRANCH.c.decision_id == picked.c.decision_id)
            .order_by(BRANCH.c.decision_id, BRANCH.c.branch_index, BRANCH.c.span_id)
        )
        branches = connection.execute(tried).all()
    by_decision = {name: list(some) for name, some in groupby(branches, lambda row: row.decision_id)}
    return Chains(
        rows=tuple(_chain(row, by_decision.get(row.decision_id, ())) for row in requests[:limit]),
        whole=len(requests) <= limit and since is None,
    )


_OF_REQUEST: Final = ("decision_id", "ts", "route", "intent", "escalated", "candidates", "span_id")
_OF_BRANCH: Final = ("decision_id", "branch_index", "kind", "model", "outcome", "scores", "cost_nano", "span_id")


def _chain(request: sa.Row[Any], branches: Sequence[sa.Row[Any]]) -> Chain:
    steps: list[tuple[int, sa.Row[Any]]] = []
    costs: list[int | None] = []
    pending: int | None = 0
    last_model = -1
    for number, row in enumerate(branches):
        answering = row.kind in ANSWERING
        if row.kind == "model":
            last_model = number
        if answering and row.outcome in ENDED:
            steps.append((number, row))
            costs.append(_plus(pending, row.cost_nano))
            pending = 0
        elif answering or not steps:
            # A failed attempt comes before the answer that replaces it.
            pending = _plus(pending, row.cost_nano)
        else:
            # What helps to judge an answer comes after it.
            costs[-1] = _plus(costs[-1], row.cost_nano)
    answers = tuple(
        Answer(row.kind, row.model, row.outcome == "accepted", tuple(scores_in(row.scores)), cost, number < last_model)
        for (number, row), cost in zip(steps, costs, strict=True)
    )
    return Chain(
        decision_id=request.decision_id,
        ts=request.ts,
        route=request.route,
        intent=request.intent,
        escalated=request.escalated,
        answers=answers,
        tail_nano=pending,
        candidates=request.candidates,
    )


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def scores_in(text: str) -> Iterable[Score]:
    """The scores in a branch's JSON; what is none is passed over."""
    for said in records(text):
        if not isinstance(said, dict) or not isinstance(said.get("validator"), str):
            continue
        threshold = real(said.get("threshold"))
        if threshold is None:
            continue
        weighed = said.get("weight") is not None
        yield Score(said["validator"], real(said.get("score")), threshold, said.get("passed") is True, weighed)


def _plan(text: str) -> Iterable[tuple[str, float]]:
    """The candidates that nothing excluded, in the order of the plan."""
    for said in from_json(text, []):
        if not isinstance(said, dict) or said.get("excluded_by") is not None:
            continue
        model, rank = said.get("model"), real(said.get("score"))
        if isinstance(model, str) and rank is not None:
            yield model, rank


__all__ = ["LOOK", "SLICE", "Answer", "Chain", "Chains", "Score", "chains", "scores_in"]
