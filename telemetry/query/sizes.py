"""How large the tables were when they were measured, and how far back each kind of row reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.levels import FAMILIES, HOURS_A_DAY
from telemetry.query.filters import hour_start
from telemetry.storage.engine import reading
from telemetry.storage.operation import TABLE_SIZE

MOST: Final = 10_000
"""Measurements of single tables that are read, the newest."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table at one time."""

    taken: datetime
    name: str
    rows: int
    bytes: int | None
    """With its indexes; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One rollup table."""

    table: str
    levels: int
    """Sets of dimensions that it holds the same facts by."""
    since: datetime | None
    """When its first hour or day begins; None while it is empty."""


def sizes(engine: sa.Engine, *, since: datetime | None = None) -> list[TableSize]:
    """What the jobs worker measured since then (default: 30 days ago), oldest first, then by name."""
    columns = TABLE_SIZE.c
    newest: sa.Select[Any] = (
        sa.select(columns.taken, columns.name, columns.row_count, columns.bytes)
        .where(columns.taken >= (since or datetime.now(UTC) - timedelta(days=30)))
        .order_by(columns.taken.desc(), columns.name)
        .limit(MOST)
    )
    with reading(engine) as connection:
        rows = connection.execute(newest).all()
    return sorted((TableSize(*row) for row in rows), key=lambda one: (one.taken, one.name))


def reaches(engine: sa.Engine) -> list[Reach]:
    """The rollup tables: what they begin with, and how many levels they have."""
    found = []
    with reading(engine) as connection:
        for family in FAMILIES:
            for table, width in ((family.hours, 1), (family.days, HOURS_A_DAY)):
                time = list(table.primary_key.columns)[1]
                # The coarsest level has all the times that the others have, and the fewest rows.
                levels = family.kept_in(table)
                first = connection.scalar(sa.select(sa.func.min(time)).where(table.c.level == levels[0]))
                since = None if first is None else hour_start(first * width)
                found.append(Reach(table.name, len(levels), since))
    return found
