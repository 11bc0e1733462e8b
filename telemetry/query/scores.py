"""What the newest decisions say of thresholds: which are in force, what others would change, what escalating gave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from telemetry.query.aftermath import Aftermath, aftermaths, rejected_by
from telemetry.query.answer_verdicts import answer_verdicts
from telemetry.query.chains import chains
from telemetry.query.filters import Filters
from telemetry.query.what_if import WhatIf, what_ifs
from telemetry.storage.engine import reading


@dataclass(frozen=True, slots=True)
class RecentScores:
    """Read from the ``n`` newest decisions of a filter, since single decisions are needed for it."""

    n: int
    since: datetime | None
    """When the oldest of them was made; None without any."""
    whole: bool
    """Whether these are all decisions of the filter that are kept."""
    what_ifs: list[WhatIf]
    """By validator and kind of answer, those that rejected most first."""
    aftermaths: list[Aftermath]
    """By the model that was rejected first, the most frequent first."""
    rejected_by: dict[tuple[str, str], str]
    """For a validator and a model, the newest decision in which the one rejected the other."""
    evaluator: str | None
    """By whose verdicts `what_ifs` tells of quality: who has judged most of these decisions; None when nobody has."""


def recent_scores(engine: sa.Engine, filters: Filters) -> RecentScores:
    """What can be told from the newest decisions of the filter; models are those that were tried first."""
    found = chains(engine, filters)
    since = found.rows[-1].ts if found.rows else None
    with reading(engine) as connection:
        verdicts = answer_verdicts(connection, replace(filters, start=since))
    return RecentScores(
        n=len(found.rows),
        since=since,
        whole=found.whole,
        what_ifs=what_ifs(found.rows, verdicts.good),
        aftermaths=aftermaths(found.rows),
        rejected_by=rejected_by(found.rows),
        evaluator=verdicts.evaluator,
    )
