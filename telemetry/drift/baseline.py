"""Pinned weeks: what all later weeks are compared with until another one is pinned.

Only the week is remembered, not its rows: once they are pruned no later week can be compared with it. What was found
before is kept.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import sqlalchemy as sa

from telemetry.drift.tables import DRIFT_BASELINE
from telemetry.drift.weeks import label_of, start_of
from telemetry.drift.windows import subjects_by_week
from telemetry.errors import UnknownModel, UnknownWeek
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading, writing

ALL = ""
"""Stands for every model without a pinned week of its own."""


def pinned_weeks(connection: sa.Connection) -> dict[str, date]:
    """The Monday of each model's pinned week; see ALL."""
    columns = DRIFT_BASELINE.c
    return {row.model: row.week for row in connection.execute(sa.select(columns.model, columns.week))}


def pin(engine: sa.Engine, week: date, model: str = ALL, *, now: datetime | None = None) -> None:
    """Pin a week, for one model or for all that have none of their own, in the place of what was pinned.

    Raises:
        UnknownWeek: the store has no traffic of it, or not all of it any more.
        UnknownModel: the model has no traffic in it.
        StorageError
    """
    with reading(engine) as connection:
        subjects = subjects_by_week(connection)
        since = covered_since(connection)
    if week not in subjects:
        known = f"it has {label_of(min(subjects))} to {label_of(max(subjects))}" if subjects else "it has none at all"
        raise UnknownWeek(f"the store has no models' answers in week {label_of(week)}; {known}")
    if since is not None and start_of(week) < since:
        raise UnknownWeek(f"traffic of week {label_of(week)} has been pruned; pin one after {since:%Y-%m-%d}")
    names = sorted({subject.model for subject in subjects[week]})
    if model != ALL and model not in names:
        raise UnknownModel(
            f"model {model!r} has no answers in week {label_of(week)}; it has those of {', '.join(names)}"
        )
    with writing(engine) as connection:
        connection.execute(sa.delete(DRIFT_BASELINE).where(DRIFT_BASELINE.c.model == model))
        row = {"model": model, "week": week, "pinned": now or datetime.now(UTC)}
        connection.execute(sa.insert(DRIFT_BASELINE), [row])


def unpin(engine: sa.Engine, model: str = ALL) -> bool:
    """Forget a pinned week; whether there was one."""
    with writing(engine) as connection:
        return bool(connection.execute(sa.delete(DRIFT_BASELINE).where(DRIFT_BASELINE.c.model == model)).rowcount)


def lost_weeks(engine: sa.Engine) -> dict[str, date]:
    """Pinned weeks of which the rows are gone, by model."""
    with reading(engine) as connection:
        pinned, since = pinned_weeks(connection), covered_since(connection)
    return {model: week for model, week in pinned.items() if since is not None and start_of(week) < since}
