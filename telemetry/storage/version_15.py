"""From schema version 14 to 15: decisions by route are kept by the hour too, so that a route's course is read from few.

Added up by the database from the finest hours: no raw row is looked at, and no other level is written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.cells import number_of
from telemetry.levels import ALWAYS, REQUESTS
from telemetry.storage.bulk import bulk_of
from telemetry.storage.placed import Values

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 15
_KEPT: Final = frozenset({"route"})


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    hours = REQUESTS.hours
    level = REQUESTS.covering(_KEPT, hours)
    of_level = sa.select(sa.func.count()).where(hours.c.level == level)
    # An earlier step that divided all hours anew has made this level as well.
    if REQUESTS.levels[level] == _KEPT and not connection.scalar(of_level):
        _fill(connection, level, progress)
    progress(1.0)


def _fill(connection: sa.Connection, level: int, progress: Progress) -> None:
    hours = REQUESTS.hours
    # Every level has every hour, the coarsest in the fewest rows.
    coarsest = hours.c.level == REQUESTS.kept_in(hours)[0]
    stored = connection.scalars(sa.select(hours.c.hour).where(coarsest).distinct().order_by(hours.c.hour)).all()
    for number, hour in enumerate(stored):
        bulk_of(connection).place(connection, hours, _of_hour(connection, level, hour))
        progress(number / len(stored))


def _of_hour(connection: sa.Connection, level: int, hour: int) -> list[Values]:
    """The rows of one hour at this level, in the order of the columns."""
    hours = REQUESTS.hours
    names = (*ALWAYS, *_KEPT)
    finest = sa.select(hours).where(hours.c.level == REQUESTS.finest, hours.c.hour == hour).subquery()
    keys = [finest.c[name] for name in names]
    sums = [sa.func.sum(finest.c[name]).label(name) for name in REQUESTS.sums]
    histograms = [sa.func.aggregate_strings(finest.c[name], "").label(name) for name in REQUESTS.histograms]
    added: sa.Select[Any] = sa.select(*keys, *sums, *histograms)
    rows: list[Values] = []
    for row in connection.execute(added.group_by(*keys)).mappings():
        named = tuple(row[name] if name in names else "" for name in REQUESTS.dimensions)
        key = (hour, row["purpose"], bool(row["simulated"]), *named)
        texts = (histogram.encode(histogram.decode(row[name] or "")) for name in REQUESTS.histograms)
        # PostgreSQL adds whole numbers up to decimals.
        rows.append((level, hour, number_of(key), *key[1:], *(int(row[name]) for name in REQUESTS.sums), *texts))
    return rows
