"""From schema version 6 to 7: rollups have more levels. What they hold is the same, so no raw row is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import FAMILIES, Family

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 7
ROWS_A_READ: Final = 2_000


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    divide_anew(connection, progress)
    progress(1.0)


def divide_anew(connection: sa.Connection, progress: Progress) -> None:
    """Write the levels of today for every family whose finest level, which holds all, had another number."""
    for number, family in enumerate(FAMILIES):
        finest = connection.scalar(sa.select(sa.func.max(family.hours.c.level)))
        if finest is not None and finest != family.finest:
            _divide(connection, family, finest)
        progress((number + 1) / len(FAMILIES))


def _divide(connection: sa.Connection, family: Family, finest: int) -> None:
    hours = family.hours.name
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {hours} WHERE level = {finest}")  # noqa: S608 - our own names, here and below
    connection.execute(sa.delete(family.hours))
    # A few at a time: of a large store there are millions.
    in_order = sa.text("SELECT * FROM kept ORDER BY hour").execution_options(yield_per=ROWS_A_READ)
    stored = connection.execute(in_order).mappings()
    for _, rows in groupby(stored, lambda row: row["hour"]):
        rollup.insert_hours(connection, family, dict(rollup.cell_of(family, "hour", row) for row in rows))
    connection.exec_driver_sql("DROP TABLE kept")
    rollup.days_from_hours(connection, family, 0)
