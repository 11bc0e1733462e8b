"""The decisions right before and right after one, among those that filters let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemetry.query.decisions import COUNTED, PATHS, SLICE, Path, begins, like_an_id, rare_traces, said
from telemetry.query.filters import Filters, on_facts
from telemetry.query.windows import Places, places, windows
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST
from telemetry.text import clean


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids; None at the ends of the list."""

    newer: str | None
    older: str | None


def neighbours(
    engine: sa.Engine,
    filters: Filters,
    decision_id: str,
    *,
    path: Path | None = None,
    search: str = "",
    words: bool = True,
) -> Neighbours:
    """Who stands above and below a decision in the list of decisions. It need not be in that list itself.

    Both are None for a decision that the store does not have. ``search`` and ``words`` are those of
    `telemetry.query.decisions.page`; what it finds by reading alone is looked for among about `SLICE` decisions to
    either side, and is None where it is not among them.
    """
    columns = REQUEST.c
    with reading(engine) as connection:
        found: sa.Select[Any] = sa.select(columns.ts, columns.span_id).where(columns.decision_id == clean(decision_id))
        at = connection.execute(found).one_or_none()
        if at is None:
            return Neighbours(None, None)
        sought = _sought(connection, clean(search.strip()), clean(decision_id), words=words)
        if sought is None:
            return Neighbours(None, None)
        lie = places(connection, filters, COUNTED[path])
        return Neighbours(
            newer=_beside(connection, filters, path, lie, at, sought, newer=True),
            older=_beside(connection, filters, path, lie, at, sought, newer=False),
        )


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a search asks of a neighbour."""

    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    text: str = ""
    """Found by reading alone, decision by decision; empty for none."""


def _sought(connection: sa.Connection, search: str, decision_id: str, *, words: bool) -> _Sought | None:
    """None where the search finds nothing."""
    if not search:
        return _Sought()
    # The list looks for ids first: a decision that begins like this was found as one.
    if like_an_id(search) and decision_id.startswith(search):
        return _Sought((begins(REQUEST.c.decision_id, search),))
    if not words:
        return None
    rare = rare_traces(connection, search)
    return _Sought(text=search) if rare is None else _Sought((REQUEST.c.trace_id.in_(rare), said(REQUEST, search)))


def _beside(
    connection: sa.Connection,
    filters: Filters,
    path: Path | None,
    lie: Places,
    at: sa.Row[Any],
    sought: _Sought,
    *,
    newer: bool,
) -> str | None:
    columns = REQUEST.c
    here = sa.tuple_(columns.ts, columns.span_id)
    place = sa.tuple_(sa.literal(at.ts, columns.ts.type), sa.literal(at.span_id))
    condition = here > place if newer else here < place
    for window in windows(lie, wanted=SLICE if sought.text else 1, at=at.ts, oldest_first=newer):
        conditions = [*on_facts(REQUEST, "chosen", filters, by=window.by), window.condition(columns.ts), condition]
        conditions += sought.conditions
        if path is not None:
            conditions.append(PATHS[path])
        if sought.text:
            # One window holds the slice; to read on would cost a text that is nowhere the whole store.
            return _reading(connection, conditions, sought.text, newer=newer)
        statement = sa.select(columns.decision_id).where(*conditions)
        found = connection.scalar(statement.order_by(*_nearest(REQUEST, newer=newer)).limit(1))
        if found is not None:
            return str(found)
    return None


def _reading(
    connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], text: str, *, newer: bool
) -> str | None:
    """The nearest of the slice that holds the text."""
    columns = REQUEST.c
    wanted: sa.Select[Any] = sa.select(columns.decision_id, columns.ts, columns.span_id, columns.trace_id)
    part = wanted.where(*conditions).order_by(*_nearest(REQUEST, newer=newer)).limit(SLICE).subquery()
    statement = sa.select(part.c.decision_id).where(said(part, text)).order_by(*_nearest(part, newer=newer)).limit(1)
    found = connection.scalar(statement)
    return None if found is None else str(found)


def _nearest(decisions: sa.FromClause, *, newer: bool) -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which the one beside comes first."""
    order = (decisions.c.ts, decisions.c.span_id)
    return order if newer else tuple(column.desc() for column in order)
