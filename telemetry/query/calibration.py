"""Whether the scores of validators mean what they say: reliability by validator, and the expected calibration error.

Validators score an answer when it is made; evaluators judge it later. Of answers that scored 0.9, nine in ten should
be good. Only verdicts on decisions that chance picked are read, so that the shares stand for the traffic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from telemetry.query.chains import scores_in
from telemetry.query.filters import Filters, on_facts
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.text import clean

NEWEST: Final = 2_500
"""Verdicts that are read at most."""
BINS: Final = 10
"""Of equal width."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers that a validator scored alike."""

    low: float
    """The score from which on it counts; up to a tenth more, the last one 1 included."""
    n: int
    mean_score: float
    good: Proportion


@dataclass(frozen=True, slots=True)
class Calibration:
    """One validator's scores against one evaluator's verdicts."""

    validator: str
    n: int
    """Answers that have both."""
    bins: tuple[Bin, ...]
    """Those that have answers, by score."""
    error: float
    """Expected calibration error, 0..1: the mean over answers of |share of good ones - mean score| of their bin.
    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015), AAAI 29, 2901-2907. With few answers a bin it comes out too
    large: show n."""
    passed: Proportion
    """Good answers of those that passed its threshold."""
    rejected: Proportion
    """Good answers of those that did not: rejected for nothing."""


@dataclass(frozen=True, slots=True)
class Calibrations:
    """From the newest verdicts of a filter."""

    verdicts: int
    """That were read."""
    whole: bool
    """Whether these are all of the filter."""
    since: datetime | None
    """When the oldest of the decisions was made."""
    rows: list[Calibration]
    """By validator's name."""


def calibrations(engine: sa.Engine, filters: Filters, evaluator: str, *, limit: int = NEWEST) -> Calibrations:
    """Each validator against an evaluator's verdicts on given and rejected answers."""
    columns = EVALUATION.c
    statement = (
        sa.select(columns.scores, columns.label, columns.ts)
        .where(
            *on_facts(EVALUATION, "chosen", filters),
            *(columns.name == clean(evaluator), columns.label.is_not(None), columns.sampled.is_(True)),
        )
        .order_by(columns.ts.desc(), columns.decision_id, columns.author, columns.answer)
        .limit(limit + 1)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    read = rows[:limit]
    points: defaultdict[str, list[tuple[float, bool, bool]]] = defaultdict(list)
    for row in read:
        for score in scores_in(row.scores):
            if score.score is not None:
                points[score.validator].append((score.score, row.label == "good", score.passed))
    found = [_of_one(validator, some) for validator, some in sorted(points.items())]
    return Calibrations(len(read), len(rows) <= limit, read[-1].ts if read else None, found)


def _of_one(validator: str, points: Sequence[tuple[float, bool, bool]]) -> Calibration:
    by_bin: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for score, good, _ in points:
        inside = min(max(score, 0.0), 1.0)
        # The small amount lets 0.3 fall into the bin from 0.3 on, though 0.3 * 10 is a little less than 3.
        by_bin[min(int(inside * BINS + 1e-9), BINS - 1)].append((inside, good))
    bins = tuple(_bin(number, some) for number, some in sorted(by_bin.items()))
    error = sum(one.n * abs((one.good.share or 0.0) - one.mean_score) for one in bins) / len(points)
    split: dict[bool, list[bool]] = {True: [], False: []}
    for _, good, passed in points:
        split[passed].append(good)
    return Calibration(
        validator=validator,
        n=len(points),
        bins=bins,
        error=error,
        passed=Proportion.of(sum(split[True]), len(split[True])),
        rejected=Proportion.of(sum(split[False]), len(split[False])),
    )


def _bin(number: int, some: Sequence[tuple[float, bool]]) -> Bin:
    mean = sum(score for score, _ in some) / len(some)
    return Bin(number / BINS, len(some), mean, Proportion.of(sum(good for _, good in some), len(some)))


__all__ = ["BINS", "NEWEST", "Bin", "Calibration", "Calibrations", "calibrations"]
