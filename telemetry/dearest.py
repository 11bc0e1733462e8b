"""The most expensive decisions of each day, kept beside the rollups and in their transaction.

There is a list of all decisions, and one for each tenant, route, intent and chosen model. A list holds the `KEPT`
dearest of a day: how dear the others are at most is known from its last one, and so a question can tell whether its
answer is complete. Costs that are unknown, and nothing at all, are in no list.
"""

from __future__ import annotations

import heapq
import operator
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from telemetry.cells import number_of
from telemetry.storage.bulk import bulk_of
from telemetry.storage.coverage import covered_since
from telemetry.storage.models import REQUEST
from telemetry.storage.rollups import TOP_COST

Row: TypeAlias = Mapping[Any, Any]
Place: TypeAlias = tuple[int, int, int]
"""Level, key and day: one list."""
Rank: TypeAlias = tuple[int, int, str]
"""Cost, when it was made (microseconds, negative), span id: the dearest is the greatest."""
Least: TypeAlias = tuple[int, int]
"""The cost of a full list's last one, and when its latest one was made: less in these parts of a rank enters not."""

KEPT: Final = 20
LEVELS: Final = ("", "tenant", "route", "intent", "chosen")
"""The dimension of each level; the first has none."""

FRESH_S: Final = 5.0
"""How long it is remembered what the last one of a full list costs."""
MOST_REMEMBERED: Final = 10_000

_REMEMBERED: Final[WeakKeyDictionary[sa.Engine, dict[Place, tuple[float, Least]]]] = WeakKeyDictionary()
"""For each list until when what is remembered of it holds, and what enters it at least."""
_NS_PER_DAY: Final = 86_400_000_000_000
_OWN: Final = ("level", "key", "day")
_COLUMNS: Final = tuple(column.name for column in TOP_COST.columns if column.name not in _OWN)
_PLACES_A_QUERY: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(4096)
def key_of(purpose: str, simulated: bool, value: str) -> int:
    """What stands for the decisions of a purpose that have a value in a level's dimension."""
    return number_of((0, purpose, simulated, value))


def add(connection: sa.Connection, requests: Iterable[Row]) -> None:
    """Put new decisions into the lists that they belong to. Whoever calls holds the lock."""
    ranked = [(_rank(row), row, _places(row)) for row in requests if row["cost_nano"]]
    if not ranked:
        return
    full = _known_last(connection, list({place for _, _, places in ranked for place in places}))
    lists: dict[Place, list[tuple[Rank, Row]]] = {}
    for rank, row, places in ranked:
        for place in places:
            if place not in full or rank[:2] >= full[place]:
                lists.setdefault(place, []).append((rank, row))
    fresh = [
        _kept(place, row)
        for place, some in lists.items()
        for _, row in heapq.nlargest(KEPT, some, key=operator.itemgetter(0))
    ]
    bulk_of(connection).insert(connection, TOP_COST, fresh)
    for place in dict.fromkeys((row["level"], row["key"], row["day"]) for row in fresh):
        _shorten(connection, place)
        _REMEMBERED.get(connection.engine, {}).pop(place, None)


def take(connection: sa.Connection, requests: Iterable[Row]) -> None:
    """Take decisions out of the lists that this transaction has deleted; those that come after them move up."""
    condition = TOP_COST.c.span_id.in_([row["span_id"] for row in requests])
    of_levels = TOP_COST.c.level.in_(range(len(LEVELS)))
    keys = TOP_COST.c.key.in_(sorted({key for row in requests for _, key, _ in _places(row)}))
    _remove(connection, sa.and_(of_levels, keys, condition), sa.true())


def forget_tenant(connection: sa.Connection, tenant: str) -> None:
    """Take a tenant's decisions out of the lists, whether or not their facts are gone already."""
    _remove(connection, TOP_COST.c.tenant == tenant, REQUEST.c.tenant != tenant)


def rebuild(connection: sa.Connection, first_day: int, last_day: int) -> None:
    """Make the lists of these days anew from the facts."""
    connection.execute(sa.delete(TOP_COST).where(TOP_COST.c.day.between(first_day, last_day)))
    for day in range(first_day, last_day + 1):
        _fill(connection, day, None, sa.true())


def _remove(connection: sa.Connection, which: sa.ColumnElement[bool], still: sa.ColumnElement[bool]) -> None:
    """Delete rows and fill up the lists that lose some, from the facts that are ``still`` there."""
    columns = TOP_COST.c
    places = connection.execute(sa.select(columns.level, columns.key, columns.day).where(which).distinct()).all()
    connection.execute(sa.delete(TOP_COST).where(which))
    _REMEMBERED.pop(connection.engine, None)
    since = covered_since(connection)
    by_day: dict[int, set[Place]] = {}
    for level, key, day in places:
        # Of a day whose facts were pruned nobody knows what came next.
        if since is None or _EPOCH + timedelta(days=day) >= since:
            by_day.setdefault(day, set()).add((level, key, day))
    for day, short in by_day.items():
        for level, key, _ in short:
            connection.execute(
                sa.delete(TOP_COST).where(columns.level == level, columns.key == key, columns.day == day)
            )
        _fill(connection, day, short, still)


def _fill(connection: sa.Connection, day: int, wanted: set[Place] | None, condition: sa.ColumnElement[bool]) -> None:
    """Write the lists of a day of which nothing is stored; all of them when ``wanted`` is None."""
    begins = _EPOCH + timedelta(days=day)
    statement = (
        sa.select(*(REQUEST.c[name] for name in _COLUMNS), REQUEST.c.start_ns)
        .where(REQUEST.c.ts >= begins, REQUEST.c.ts < begins + timedelta(days=1), REQUEST.c.cost_nano > 0, condition)
        .execution_options(yield_per=2000)
    )
    lists: dict[Place, list[tuple[Rank, Row]]] = {}
    for row in connection.execute(statement).mappings():
        for place in _places(row):
            if wanted is not None and place not in wanted:
                continue
            best = lists.setdefault(place, [])
            if len(best) < KEPT:
                heapq.heappush(best, (_rank(row), row))
            elif _rank(row) > best[0][0]:
                heapq.heapreplace(best, (_rank(row), row))
    rows = [_kept(place, row) for place, best in lists.items() for _, row in best]
    bulk_of(connection).insert(connection, TOP_COST, rows)


def _places(row: Row) -> list[Place]:
    day, purpose, simulated = row["start_ns"] // _NS_PER_DAY, row["purpose"], row["simulated"]
    values = ((level, row[name] if name else "") for level, name in enumerate(LEVELS))
    return [(level, key_of(purpose, simulated, value or ""), day) for level, value in values]


def _kept(place: Place, row: Row) -> dict[str, Any]:
    return {**dict(zip(_OWN, place, strict=True)), **{name: row[name] for name in _COLUMNS}}


def _rank(row: Row) -> Rank:
    """Of equal costs the earlier goes before, so that one which has just been made seldom enters a full list."""
    return row["cost_nano"], -_microseconds(row["ts"]), row["span_id"]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _known_last(connection: sa.Connection, places: Sequence[Place]) -> dict[Place, Least]:
    """What enters each full list at least: what was true a moment ago, since lists only get dearer.

    But for erasures: for `FRESH_S` after one in another process, a decision may not move up where it should.
    """
    known, now = _REMEMBERED.setdefault(connection.engine, {}), time.monotonic()
    if len(known) > MOST_REMEMBERED:
        known.clear()
    unsure = [place for place in places if place not in known or known[place][0] < now]
    if unsure:
        found = _last_of_full(connection, unsure)
        known.update({place: (now + FRESH_S, last) for place, last in found.items()})
    return {place: known[place][1] for place in places if place in known and known[place][0] >= now}


def _last_of_full(connection: sa.Connection, places: Sequence[Place]) -> dict[Place, Least]:
    """What may enter each list that has no more room."""
    found: dict[Place, Least] = {}
    read = TOP_COST.c.ts.type.dialect_impl(connection.dialect).result_processor(connection.dialect, None)
    for start in range(0, len(places), _PLACES_A_QUERY):
        levels, keys, days = (sorted(set(part)) for part in zip(*places[start : start + _PLACES_A_QUERY], strict=True))
        text, names = _last_statement(connection.dialect, len(levels), len(keys), len(days))
        values = (*levels, *keys, *days)
        given = values if names is None else dict(zip(names, values, strict=True))
        for level, key, day, cost, latest in connection.exec_driver_sql(text, given):
            moment: Any = latest if read is None else read(latest)
            found[level, key, day] = cost, -_microseconds(moment)
    return found


@lru_cache(64)
def _last_statement(dialect: sa.Dialect, *sizes: int) -> tuple[str, tuple[str, ...] | None]:
    """For the driver, since each decision asks it: SQLAlchemy would take longer than the database.

    The parameters are so many levels, keys and days; their names, where the driver wants some.
    """
    columns = [TOP_COST.c[name] for name in _OWN]
    names = [[f"{column.name}_{number}" for number in range(size)] for column, size in zip(columns, sizes, strict=True)]
    conditions = [
        column.in_([sa.bindparam(name, type_=column.type) for name in some])
        for column, some in zip(columns, names, strict=True)
    ]
    # An inlined number: all parameters are the caller's.
    full = sa.func.count() >= sa.literal_column(str(KEPT))
    ends = sa.func.min(TOP_COST.c.cost_nano), sa.func.max(TOP_COST.c.ts)
    last = sa.select(*columns, *ends).where(*conditions).group_by(*columns).having(full)
    compiled = last.compile(dialect=dialect)
    return str(compiled), None if compiled.positional else tuple(name for some in names for name in some)


def _shorten(connection: sa.Connection, place: Place) -> None:
    """Leave the dearest of a list."""
    values = dict(zip(_OWN, place, strict=True))
    surplus = connection.scalars(_SURPLUS, values).all()
    if surplus:
        connection.execute(_DELETE, {**values, "spans": surplus})


_HERE = sa.and_(*(TOP_COST.c[name] == sa.bindparam(name) for name in _OWN))
_SURPLUS = (
    sa.select(TOP_COST.c.span_id)
    .where(_HERE)
    .order_by(TOP_COST.c.cost_nano.desc(), TOP_COST.c.ts, TOP_COST.c.span_id.desc())
    .offset(KEPT)
)
_DELETE = sa.delete(TOP_COST).where(_HERE, TOP_COST.c.span_id.in_(sa.bindparam("spans", expanding=True)))
