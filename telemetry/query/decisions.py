"""The list of decisions, newest first, by pages."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.cursor import after, cursor_of, moment_of
from telemetry.query.filters import Filters, on_facts
from telemetry.query.windows import Counted, Window, places, windows
from telemetry.storage import fulltext
from telemetry.storage.engine import reading
from telemetry.storage.models import CONTENT, ESCALATED, FELL_BACK, REQUEST
from telemetry.text import clean

Path: TypeAlias = Literal["escalated", "fell_back", "by_tool", "cost_unknown"]
"""What happened on the way to an answer. No part of `Filters`: rollups count it, they are not divided by it."""

SHORTEST_ID = 6
"""Characters from which on a search may mean a decision's id."""
SLICE = 2000
"""Decisions that one text search looks through."""
_WINDOWS: Final = 2
"""Windows that a page looks into before it says that there is nothing yet."""
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
    """Opaque; None at the end. Where decisions of a filter lie far apart, and of a text search, there may be fewer rows
    than were asked for, or none, and still more to come."""


def page(
    engine: sa.Engine,
    filters: Filters,
    *,
    path: Path | None = None,
    search: str = "",
    words: bool = True,
    cursor: str | None = None,
    limit: int = 50,
) -> DecisionPage:
    """Decisions of the filter, newest first, after ``cursor``; those alone that went the ``path``, if one is given.

    ``search`` is the beginning of a decision's id (at least `SHORTEST_ID` characters of it) or, where content was
    captured, a piece of a prompt or an answer, whatever the case of its ASCII letters. What is rare is found through
    the full-text index, at once and wherever it is; what occurs in more than `RARE` contents, or is shorter than three
    characters, is looked for in `SLICE` decisions a call, and its cursor goes on from there. Filters that few decisions
    pass are looked for where the rollups count some (`telemetry.query.windows`). Without ``words`` ids alone are looked
    for: who may not read what was said must not find out by searching either.

    Raises:
        ValueError: the cursor is none of ours.
    """
    place = None if cursor is None else after(cursor, REQUEST.c.ts, REQUEST.c.span_id, of="decisions")
    search = clean(search.strip())
    with reading(engine) as connection:
        asked = _Asked(connection, filters, path, None if cursor is None else moment_of(cursor), place)
        if not search:
            return asked.page(limit)
        if like_an_id(search):
            of_id = asked.all_of([begins(REQUEST.c.decision_id, search)], limit)
            if of_id.rows:
                return of_id
        if not words:
            return DecisionPage([], None)
        rare = rare_traces(connection, search)
        if rare is not None:
            return asked.all_of([REQUEST.c.trace_id.in_(rare), said(REQUEST, search)], limit)
        return asked.text_page(search, limit)


PATHS: Final[dict[Path, sa.ColumnElement[bool]]] = {
    "escalated": sa.and_(ESCALATED),
    "fell_back": sa.and_(FELL_BACK),
    "by_tool": REQUEST.c.chosen_kind == "tool",
    "cost_unknown": REQUEST.c.cost_nano.is_(None),
}
COUNTED: Final[dict[Path | None, Counted]] = {
    None: "requests",
    "escalated": "escalated",
    "fell_back": "fell_back",
    "by_tool": "by_tool",
    "cost_unknown": "cost_unknown",
}
_COLUMNS = [REQUEST.c[field.name] for field in fields(DecisionRow)]
_NEWEST_FIRST = (REQUEST.c.ts.desc(), REQUEST.c.span_id.desc())
_OF_IDS: Final = str.maketrans("", "", string.ascii_letters + string.digits + "-_")
"""What an id consists of."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Decisions of a filter after a place, newest first."""

    connection: sa.Connection
    filters: Filters
    path: Path | None
    at: datetime | None
    """The moment of the place."""
    place: sa.ColumnElement[bool] | None

    def page(self, limit: int) -> DecisionPage:
        """The next ones; fewer than there are where they lie far apart."""
        for number, window in enumerate(self._windows(limit + 1), 1):
            statement: sa.Select[Any] = (
                sa.select(*_COLUMNS, REQUEST.c.span_id)
                .where(*self._within(window))
                .order_by(*_NEWEST_FIRST)
                .limit(limit + 1)
            )
            rows = self.connection.execute(statement).all()
            if len(rows) > limit:
                return _page_of(rows, limit)
            if window.last:
                return _page_of(rows, limit)
            if rows or number == _WINDOWS:
                return _page_of(rows, limit, following=_start_of(window))
        return DecisionPage([], None)

    def all_of(self, conditions: list[sa.ColumnElement[bool]], limit: int) -> DecisionPage:
        """Those of few that meet further conditions, which lead to them."""
        statement: sa.Select[Any] = (
            sa.select(*_COLUMNS, REQUEST.c.span_id)
            .where(*self._conditions(None), *conditions)
            .order_by(*_NEWEST_FIRST)
            .limit(limit + 1)
        )
        return _page_of(self.connection.execute(statement).all(), limit)

    def text_page(self, search: str, limit: int) -> DecisionPage:
        """Look through the next slice alone, so that a word that is nowhere costs no more than one that is."""
        for window in self._windows(SLICE):
            part = (
                sa.select(*_COLUMNS, REQUEST.c.span_id, REQUEST.c.trace_id)
                .where(*self._within(window))
                .order_by(*_NEWEST_FIRST)
                .limit(SLICE)
                .subquery()
            )
            order = (part.c.ts.desc(), part.c.span_id.desc())
            found = sa.select(part).where(said(part, search)).order_by(*order).limit(limit + 1)
            rows = self.connection.execute(found).all()
            if len(rows) > limit:
                return _page_of(rows, limit)
            last = sa.select(part.c.ts, part.c.span_id).order_by(*order).offset(SLICE - 1).limit(1)
            end = self.connection.execute(last).first()
            if end is not None:
                return _page_of(rows, limit, following=cursor_of(end.ts, end.span_id))
            return _page_of(rows, limit, following=None if window.last else _start_of(window))
        return DecisionPage([], None)

    def _windows(self, wanted: int) -> Iterator[Window]:
        return windows(places(self.connection, self.filters, COUNTED[self.path]), wanted=wanted, at=self.at)

    def _within(self, window: Window) -> list[sa.ColumnElement[bool]]:
        return [*self._conditions(window.by), window.condition(REQUEST.c.ts)]

    def _conditions(self, by: str | None) -> list[sa.ColumnElement[bool]]:
        conditions = on_facts(REQUEST, "chosen", self.filters, by=by)
        if self.path is not None:
            conditions.append(PATHS[self.path])
        return conditions if self.place is None else [*conditions, self.place]


def _page_of(rows: Sequence[sa.Row[Any]], limit: int, *, following: str | None = None) -> DecisionPage:
    """``following``: where to go on when these are not more than the limit."""
    if len(rows) > limit:
        following = cursor_of(rows[limit - 1].ts, rows[limit - 1].span_id)
    return DecisionPage([DecisionRow(*row[: len(_COLUMNS)]) for row in rows[:limit]], following)


def _start_of(window: Window) -> str:
    """The cursor of what came before a window."""
    return cursor_of(window.start, "0")


def like_an_id(search: str) -> bool:
    """Whether a search may mean the beginning of a decision's id."""
    return len(search) >= SHORTEST_ID and not search.translate(_OF_IDS)


def rare_traces(connection: sa.Connection, search: str) -> Sequence[str] | None:
    """Where the text may be; None when only reading can tell."""
    if not fulltext.available(connection):
        return None
    return fulltext.traces_with(connection, _as_kept(search), RARE)


def said(decisions: sa.FromClause, search: str) -> sa.ColumnElement[bool]:
    """That some content of a decision holds the text, taken literally."""
    return sa.exists().where(
        CONTENT.c.trace_id == decisions.c.trace_id, CONTENT.c.text.ilike(_containing(search), escape="\\")
    )


def begins(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
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
