"""The most expensive decisions of a filter, from the lists that are kept for each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import sqlalchemy as sa

from telemetry.dearest import KEPT, LEVELS, key_of
from telemetry.query.filters import Filters, named, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.rollups import TOP_COST

PURPOSES: Final = ("user", "playground", "canary", "shadow", "judge")
_SECONDS_PER_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class ExpensiveDecision:
    """One decision, as a line of a list. Its facts may have been pruned since."""

    decision_id: str
    ts: datetime
    cost_nano: int
    tenant: str
    route: str
    intent: str
    status: str
    first: str | None
    chosen: str | None
    chosen_kind: str | None
    branches: int
    escalated: bool
    fell_back: bool
    discarded_nano: int | None
    """What of it went to answers that were not used, probes and judges included."""
    baseline_nano: int | None
    savings_nano: int | None
    input_tokens: int | None
    output_tokens: int | None
    data_class: str
    policy_version: str
    purpose: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class MostExpensive:
    """Decisions, the dearest first."""

    rows: list[ExpensiveDecision]
    complete: bool
    """Whether no other decision of the filter was dearer. Always so for whole days and at most one filter, on tenants,
    routes, intents or models; else the lists of a day may hold too few that fit, and this says so."""


def most_expensive(engine: sa.Engine, filters: Filters, limit: int = 10) -> MostExpensive:
    """At most ``limit`` decisions (`telemetry.dearest.KEPT` at the most), those of unknown cost left out.

    Times are exact, not taken to the hour. Each filter that has lists of its own is asked; what several of them give is
    put together.
    """
    limit = min(limit, KEPT)
    levels = _levels(filters)
    columns = TOP_COST.c
    conditions = [*on_facts(TOP_COST, "chosen", filters), *_days(filters)]
    with reading(engine) as connection:
        found: dict[str, sa.Row[Any]] = {}
        for level, keys in levels:
            here = [columns.level == level, columns.key.in_(keys)]
            dearest = sa.select(TOP_COST).where(*here, *conditions).order_by(*_DEAREST_FIRST).limit(limit)
            found.update({row.span_id: row for row in connection.execute(dearest)})
        rows = sorted(found.values(), key=lambda row: (-row.cost_nano, row.ts, row.span_id))[:limit]
        least = rows[-1].cost_nano if len(rows) == limit else 0
        complete = any(_hides_nothing(connection, level, keys, filters, least) for level, keys in levels)
    return MostExpensive([ExpensiveDecision(*(getattr(row, name) for name in _NAMES)) for row in rows], complete)


_NAMES: Final = [field.name for field in fields(ExpensiveDecision)]
_DEAREST_FIRST: Final = (TOP_COST.c.cost_nano.desc(), TOP_COST.c.ts, TOP_COST.c.span_id)
"""As `telemetry.dearest` keeps them."""


def _levels(filters: Filters) -> list[tuple[int, list[int]]]:
    """The levels that answer, each with the keys of its lists; the one of all decisions where no filter has lists."""
    purposes = filters.purposes or PURPOSES
    simulated = (False, True) if filters.simulated is None else (filters.simulated,)
    restricted = named(replace(filters, purposes=()), "chosen")
    asked = [(level, restricted[name]) for level, name in enumerate(LEVELS) if name in restricted] or [(0, ("",))]
    return [(level, [key_of(*parts) for parts in product(purposes, simulated, values)]) for level, values in asked]


def _days(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The days that a period touches: the key's part of the condition on time."""
    conditions: list[sa.ColumnElement[bool]] = []
    for moment, compare in ((filters.start, TOP_COST.c.day.__ge__), (filters.end, TOP_COST.c.day.__le__)):
        if moment is not None:
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            conditions.append(compare(int(aware.timestamp() // _SECONDS_PER_DAY)))
    return conditions


def _hides_nothing(connection: sa.Connection, level: int, keys: Sequence[int], filters: Filters, least: int) -> bool:
    """Whether what is in no list of this level costs at most ``least``: as much as the last one of a full list."""
    columns = TOP_COST.c
    hiding = (
        sa.select(columns.day)
        .where(columns.level == level, columns.key.in_(keys), *_days(filters))
        .group_by(columns.key, columns.day)
        .having(sa.func.count() >= KEPT, sa.func.min(columns.cost_nano) > least)
        .limit(1)
    )
    return connection.execute(hiding).first() is None
