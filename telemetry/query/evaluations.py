"""What people and judges said of answers: of one decision, and as rates by model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry.evaluation import FEEDBACK
from telemetry.query.filters import Filters, on_facts
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.text import clean


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """One opinion on a decision. ``explanation`` is hostile input: show it as text."""

    name: str
    author: str
    given: datetime
    score: float | None
    """None: no verdict; the explanation says why."""
    label: str | None
    """good or bad; None in between, and without a verdict."""
    explanation: str | None
    """None when there is none, or the content policy keeps none."""
    method: str = "human"
    """human, judge, reference or rules."""
    answer: str = "given"
    """given: the final answer. rejected: the first one of a decision that escalated."""
    model: str | None = None
    """Whose answer it is, where it is not the chosen one's."""
    judge_model: str | None = None
    judge_decision_id: str | None = None
    """The decision in which a model judged."""
    cost_nano: int | None = None
    """Of judging; None when it is unknown, and for people."""


@dataclass(frozen=True, slots=True)
class ModelRating:
    """What was said of the answers of one model or tool."""

    model: str
    kind: str
    """model, tool or cache."""
    good: Proportion
    """Opinions that say good, of all."""
    bad: int
    mean_score: float
    """-1 to 1."""


def of_decision(engine: sa.Engine, decision_id: str) -> list[EvaluationView]:
    """All that was said of a decision, the newest first."""
    columns = EVALUATION.c
    statement = (
        sa.select(*(columns[field.name] for field in fields(EvaluationView)))
        .where(columns.decision_id == clean(decision_id))
        .order_by(columns.given.desc(), columns.name, columns.author, columns.answer)
    )
    with reading(engine) as connection:
        return [EvaluationView(*row) for row in connection.execute(statement)]


def by_model(engine: sa.Engine, filters: Filters, *, name: str = FEEDBACK) -> list[ModelRating]:
    """How the answers of each model and tool were rated, by the model's name.

    Several opinions on one decision count each. Few requests are rated, and who rates is no random sample: show n.
    """
    columns = EVALUATION.c
    good = sa.func.sum(sa.case((columns.label == "good", 1), else_=0)).label("good")
    bad = sa.func.sum(sa.case((columns.label == "bad", 1), else_=0)).label("bad")
    keys = (columns.chosen, columns.chosen_kind)
    statement: sa.Select[Any] = (
        sa.select(*keys, sa.func.count().label("n"), good, bad, sa.func.avg(columns.score).label("mean"))
        .where(
            *on_facts(EVALUATION, "chosen", filters),
            *(columns.name == clean(name), columns.answer == "given"),
            *(columns.score.is_not(None), columns.chosen.is_not(None)),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    with reading(engine) as connection:
        return [
            ModelRating(row.chosen, row.chosen_kind or "model", Proportion.of(row.good, row.n), row.bad, row.mean)
            for row in connection.execute(statement)
        ]
