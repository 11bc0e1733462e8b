"""From schema version 6 to 7: rollups have more levels. What they hold is the same, so no raw row is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import BRANCHES, REQUESTS, Family

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 7
_FINEST: Final = ((REQUESTS, 7), (BRANCHES, 5))
"""Families that have got a level more, each with the number that its finest one had in version 6."""


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for number, (family, finest) in enumerate(_FINEST):
        newest = connection.scalar(sa.select(sa.func.max(family.hours.c.level)))
        # A database of a version before 6 has today's levels by now.
        if newest == finest:
            _divide_anew(connection, family, finest)
        progress((number + 1) / len(_FINEST))


def _divide_anew(connection: sa.Connection, family: Family, finest: int) -> None:
    hours = family.hours.name
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {hours} WHERE level = {finest}")  # noqa: S608 - our own names, here and below
    connection.execute(sa.delete(family.hours))
    stored = connection.execute(sa.text("SELECT * FROM kept ORDER BY hour")).mappings().all()
    for _, rows in groupby(stored, lambda row: row["hour"]):
        rollup.insert_hours(connection, family, dict(rollup.cell_of(family, "hour", row) for row in rows))
    connection.exec_driver_sql("DROP TABLE kept")
    rollup.days_from_hours(connection, family, 0)
