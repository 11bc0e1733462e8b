"""What one evaluator has said of single answers: the given ones, and the first ones of decisions that escalated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.storage.evaluation import EVALUATION


@dataclass(frozen=True, slots=True)
class AnswerVerdicts:
    """Which answers are good, as the evaluator sees it that has judged most of them."""

    evaluator: str | None = None
    """None when nobody has judged any."""
    good: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """By decision and ``given`` or ``rejected``, which is its first rejected answer of a model; see `case` of
    `telemetry.query.cases`. Whatever it was picked for; of several authors, who spoke last."""


def answer_verdicts(connection: sa.Connection, filters: Filters) -> AnswerVerdicts:
    """Verdicts on decisions of the filter, models left out of it: an answer counts whoever gave it."""
    columns = EVALUATION.c
    statement = (
        sa.select(columns.name, columns.decision_id, columns.answer, columns.label)
        .where(*on_facts(EVALUATION, "chosen", replace(filters, models=())), columns.label.in_(("good", "bad")))
        .order_by(columns.given, columns.author)
    )
    rows = connection.execute(statement).all()
    most = Counter(row.name for row in rows)
    if not most:
        return AnswerVerdicts()
    evaluator = min(most, key=lambda name: (-most[name], name))
    return AnswerVerdicts(
        evaluator, {(row.decision_id, row.answer): row.label == "good" for row in rows if row.name == evaluator}
    )
