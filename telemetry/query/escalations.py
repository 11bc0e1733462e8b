"""How often a first answer was not good enough, and which validators said so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import REQUESTS, SCORES
from telemetry.query.cells import Step, cells, known, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.query.overview import Dimension
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading

EscalationDimension: TypeAlias = Dimension | Literal["first"]
"""``first`` is the model or tool that was tried first."""

_BY_FIRST: Final = replace(REQUESTS, model="first")


@dataclass(frozen=True, slots=True)
class Escalations:
    """How many requests of a group had a further branch because a score was low, or because a branch failed."""

    value: str
    """Of the dimension that was asked for; empty when none was."""
    start: datetime | None
    escalated: Proportion
    fell_back: Proportion
    by_tool: Proportion
    """Answered by a tool, no model called."""
    cost_nano: int | None
    """Of those whose cost is known; None when there is none such."""
    cost_unknown: int
    discarded_nano: int | None
    """What of it went to answers that were not given, probes and judges included."""


@dataclass(frozen=True, slots=True)
class ValidatorScores:
    """What one validator said of one model's branches. A filter on models means those that were scored."""

    validator: str
    model: str
    kind: str
    """Of the branches: model, tool, probe ..."""
    passed: Proportion
    unknown: int
    """Times that it had no score to give."""
    rejections: int
    """Rejected branches that it had failed: the reasons of escalations. A branch can have several."""
    histogram: dict[int, int]
    """Scores by hundredths: 0 to 100, the last for 1 alone."""
    median: float | None
    """Within half a hundredth."""


def escalations(
    engine: sa.Engine, filters: Filters, by: EscalationDimension | None = None, step: Step | None = None
) -> list[Escalations]:
    """Rates of escalation and fallback: in all, by a dimension (the most frequent first), or over time.

    A filter on models means the one that was tried first: the one that answered in the end would be the cause of
    nothing.
    """
    names = () if by is None else (by,)
    values = ("requests", "escalated", "fell_back", "by_tool", *_COSTS)
    source = cells(_BY_FIRST, filters, keys=names, values=values, step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[name] for name in (*(("hour",) if step else ()), *names)]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, _BY_FIRST, values)).group_by(*keys)
    statement = statement.order_by(*keys) if step else statement.order_by(sa.desc("requests"), *keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [
        Escalations(
            value=row[by] if by else "",
            start=hour_start(row["hour"]) if step else None,
            escalated=Proportion.of(row["escalated"], row["requests"]),
            fell_back=Proportion.of(row["fell_back"], row["requests"]),
            by_tool=Proportion.of(row["by_tool"], row["requests"]),
            cost_nano=known(row["cost_nano"], row["requests"] - row["cost_unknown"]),
            cost_unknown=row["cost_unknown"],
            discarded_nano=known(row["discarded_nano"], row["requests"] - row["discarded_unknown"]),
        )
        for row in rows
    ]


_COSTS: Final = ("cost_nano", "cost_unknown", "discarded_nano", "discarded_unknown")


def validators(engine: sa.Engine, filters: Filters) -> list[ValidatorScores]:
    """Scores by validator and model, those that rejected most first."""
    values = ("scores", "unknown", "passed", "rejections", "score_hist")
    source = cells(SCORES, filters, keys=("validator", "model", "kind"), values=values)
    keys = (source.c.validator, source.c.model, source.c.kind)
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, SCORES, values)).group_by(*keys).order_by(sa.desc("rejections"), *keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [_validator_scores(row) for row in rows]


def _validator_scores(row: sa.Row[Any]) -> ValidatorScores:
    counts = histogram.decode(row.score_hist or "")
    return ValidatorScores(
        validator=row.validator,
        model=row.model,
        kind=row.kind,
        passed=Proportion.of(row.passed, row.scores),
        unknown=row.unknown,
        rejections=row.rejections,
        histogram=dict(sorted(counts.items())),
        median=_median(counts),
    )


def _median(counts: dict[int, int]) -> float | None:
    rank, seen = (sum(counts.values()) + 1) // 2, 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return min((bucket + 0.5) / histogram.SCORE_BUCKETS, 1.0)
    return None
