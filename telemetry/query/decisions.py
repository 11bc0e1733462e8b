"""The list of decisions, newest first, by pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.cursor import after, cursor_of
from telemetry.query.filters import Filters, on_facts
from telemetry.storage import fulltext
from telemetry.storage.engine import reading
from telemetry.storage.models import CONTENT, ESCALATED, FELL_BACK, REQUEST
from telemetry.text import clean

Path: TypeAlias = Literal["escalated", "fell_back", "by_tool"]
"""What happened on the way to an answer. No part of `Filters`: rollups count it, they are not divided by it."""

SHORTEST_ID = 6
"""Characters from which on a search may mean a decision's id."""
SLICE = 2000
"""Decisions that one text search looks through."""
RARE = 1000
"""Contents that a text may be in to be found through the index."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, as a line of a table."""

    decision_id: str
    ts: datetime
    route: str
    tenant: str
    intent: str
    language: str
    status: str
    first: str | None
    chosen: str | None
    chosen_kind: str | None
    branches: int
    escalated: bool
    fell_back: bool
    cost_nano: int | None
    baseline_nano: int | None
    savings_nano: int | None
    latency_ms: float
    ttft_ms: float | None
    score: float | None
    reason: str
    purpose: str
    simulated: bool
    error_type: str | None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some decisions and where to go on."""

    rows: list[DecisionRow]
    next_cursor: str | None
    """Opaque; None at the end. A text search may return fewer rows than asked, or none, and still go on."""


def page(
    engine: sa.Engine,
    filters: Filters,
    *,
    path: Path | None = None,
    search: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> DecisionPage:
    """Decisions of the filter, newest first, after ``cursor``; those alone that went the ``path``, if one is given.

    ``search`` is the beginning of a decision's id (at least `SHORTEST_ID` characters of it) or, where content was
    captured, a piece of a prompt or an answer, whatever the case of its ASCII letters. What is rare is found through
    the full-text index, at once and wherever it is; what occurs in more than `RARE` contents, or is shorter than three
    characters, is looked for in `SLICE` decisions a call, and its cursor goes on from there.

    Raises:
        ValueError: the cursor is none of ours.
    """
    conditions = on_facts(REQUEST, "chosen", filters)
    if path is not None:
        conditions.append(_PATHS[path])
    if cursor is not None:
        conditions.append(after(cursor, REQUEST.c.ts, REQUEST.c.span_id, of="decisions"))
    search = clean(search.strip())
    with reading(engine) as connection:
        if not search:
            return _page_of(connection, conditions, limit)
        if len(search) >= SHORTEST_ID:
            of_id = _page_of(connection, [*conditions, _begins(REQUEST.c.decision_id, search)], limit)
            if of_id.rows:
                return of_id
        rare = _rare_traces(connection, search)
        if rare is not None:
            return _page_of(connection, [*conditions, REQUEST.c.trace_id.in_(rare), _said(REQUEST, search)], limit)
        return _text_page(connection, conditions, search, limit)


_PATHS: Final[dict[Path, sa.ColumnElement[bool]]] = {
    "escalated": sa.and_(ESCALATED),
    "fell_back": sa.and_(FELL_BACK),
    "by_tool": REQUEST.c.chosen_kind == "tool",
}
_COLUMNS = [REQUEST.c[field.name] for field in fields(DecisionRow)]
_NEWEST_FIRST = (REQUEST.c.ts.desc(), REQUEST.c.span_id.desc())


def _page_of(connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], limit: int) -> DecisionPage:
    statement: sa.Select[Any] = (
        sa.select(*_COLUMNS, REQUEST.c.span_id).where(*conditions).order_by(*_NEWEST_FIRST).limit(limit + 1)
    )
    rows = connection.execute(statement).all()
    return DecisionPage([_decision_row(row) for row in rows[:limit]], _cursor_of(rows, limit))


def _text_page(
    connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], search: str, limit: int
) -> DecisionPage:
    """Look through the next slice alone, so that a word that is nowhere costs no more than one that is."""
    part = (
        sa.select(*_COLUMNS, REQUEST.c.span_id, REQUEST.c.trace_id)
        .where(*conditions)
        .order_by(*_NEWEST_FIRST)
        .limit(SLICE)
        .subquery()
    )
    found = (
        sa.select(part).where(_said(part, search)).order_by(part.c.ts.desc(), part.c.span_id.desc()).limit(limit + 1)
    )
    rows = connection.execute(found).all()
    if len(rows) > limit:
        return DecisionPage([_decision_row(row) for row in rows[:limit]], _cursor_of(rows, limit))
    last: sa.Select[Any] = (
        sa.select(REQUEST.c.ts, REQUEST.c.span_id)
        .where(*conditions)
        .order_by(*_NEWEST_FIRST)
        .offset(SLICE - 1)
        .limit(1)
    )
    end = connection.execute(last).first()
    return DecisionPage([_decision_row(row) for row in rows], None if end is None else cursor_of(end.ts, end.span_id))


def _rare_traces(connection: sa.Connection, search: str) -> Sequence[str] | None:
    """Where the text may be; None when only reading can tell."""
    if not fulltext.available(connection):
        return None
    return fulltext.traces_with(connection, _as_kept(search), RARE)


def _said(decisions: sa.FromClause, search: str) -> sa.ColumnElement[bool]:
    """That some content of a decision holds the text, taken literally."""
    return sa.exists().where(
        CONTENT.c.trace_id == decisions.c.trace_id, CONTENT.c.text.ilike(_containing(search), escape="\\")
    )


def _decision_row(row: sa.Row[Any]) -> DecisionRow:
    return DecisionRow(*row[: len(_COLUMNS)])


def _cursor_of(rows: Sequence[sa.Row[Any]], limit: int) -> str | None:
    return cursor_of(rows[limit - 1].ts, rows[limit - 1].span_id) if len(rows) > limit else None


def _begins(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """A range, which the index on the column answers; LIKE would read the whole table."""
    return sa.and_(column >= prefix, column < prefix + "\U0010ffff")


def _containing(text: str) -> str:
    """A LIKE pattern."""
    inside = _as_kept(text)
    for special in ("\\", "%", "_"):
        inside = inside.replace(special, "\\" + special)
    return f"%{inside}%"


def _as_kept(text: str) -> str:
    """Content is kept as JSON, where quotes and line breaks are escaped."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
