"""SQL: answers from a database by a policy's list of allowed queries.

A prompt chooses a query and fills its parameters; it never becomes part of a statement. Values are read strictly by
their declared type and bound by the driver; what comes back is shown as plain text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

from router_core.errors import ToolFailed
from router_core.policy.schema import SqlQuery, SqlTool
from router_core.policy.schema.tools import ParameterType
from router_core.policy.schema.values import Location
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import ToolAnswer
from router_core.tools.database import Database, Interrupt, Rows, in_thread
from router_core.tools.statement import CALLER, Statement, parse_statement
from router_core.tools.table import cell, table
from router_core.tools.template import VALUE_CHARACTERS, Template, markdown
from router_core.tools.trigger import Matched, Question, Trigger

THREADS: Final = 4
"""Queries of one tool that run at a time; further ones wait, within their time limit."""
RESERVED: Final = frozenset({"table", "rows"})
"""Gaps of an answer that are neither parameters nor columns."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:[.][0-9]{1,15})?")


class Sql:
    """Tool that answers from a SQLite or PostgreSQL database, read only."""

    def __init__(self, name: str, entry: SqlTool, database: Database) -> None:
        """Prepare every query; a loaded policy has only sound ones (see `policy.crosscheck`)."""
        self.name = name
        self.threshold = entry.threshold
        self.timeout_s = entry.timeout_s
        self.location: Final[Location] = entry.location or "local"
        self._database = database
        self._queries = [_Query(query) for query in entry.queries]
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"sql-{name}")

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`. A query below the threshold is not run.

        Raises:
            ToolFailed: the database refused the query, is away, or took too long.
        """
        best: tuple[Matched, _Query, dict[str, Any]] | None = None
        question = Question(request.prompt)
        for query in self._queries:
            found = query.match(question)
            if found is not None and (best is None or found[0].confidence > best[0].confidence):
                best = found[0], query, found[1]
        if best is None or best[0].confidence < self.threshold:
            return None
        match, query, values = best
        bound = {**values, CALLER: request.context.tenant} if CALLER in query.statement.parameters else values

        def fetch(interrupt: Interrupt) -> Rows:
            return self._database.fetch(
                query.statement, bound, limit=query.max_rows, seconds=self.timeout_s, interrupt=interrupt
            )

        rows = await in_thread(self._threads, fetch)
        text = query.answer(rows, values)
        if text is None:
            return None
        count = f"{len(rows.rows)} {'row' if len(rows.rows) == 1 else 'rows'}{' and more' if rows.more else ''}"
        return ToolAnswer(
            text=text,
            confidence=match.confidence,
            reason=f"Query {query.name} found {count}. {match.reason}",
            citations=(f"{self.name}/{query.name}",),
        )


class _Query:
    """One allowed query, prepared."""

    def __init__(self, query: SqlQuery) -> None:
        self.name = query.name
        self.max_rows = query.max_rows
        self.statement: Statement = parse_statement(query.sql)
        self._types = query.parameters
        self._trigger = Trigger(pattern=query.pattern, keywords=query.keywords)
        self._answer = Template(query.answer)
        self._no_rows = None if query.no_rows is None else Template(query.no_rows)

    def match(self, question: Question) -> tuple[Matched, dict[str, Any]] | None:
        """How the prompt matches, and the values of the parameters; None when one is missing or does not fit."""
        found = self._trigger.match(question)
        if found is None:
            return None
        values = {name: read_value(found.groups.get(name, ""), kind) for name, kind in self._types.items()}
        return None if None in values.values() else (found, values)

    def answer(self, rows: Rows, values: Mapping[str, Any]) -> str | None:
        """The rows in words; None when there are none and nothing is said for that case.

        Raises:
            ToolFailed: the answer names a column that is not there, or several rows came where one was meant.
        """
        given = {name: markdown(str(value)) for name, value in values.items()}
        if not rows.rows:
            return None if self._no_rows is None else self._no_rows.fill(given)
        columns = self._answer.names - RESERVED - given.keys()
        if columns and (len(rows.rows) > 1 or rows.more):
            raise ToolFailed(f"query {self.name} found several rows where its answer shows one; use {{table}}")
        if not columns <= set(rows.columns):
            raise ToolFailed(f"query {self.name} has no column {min(columns - set(rows.columns))!r}")
        shown = dict(zip(rows.columns, map(cell, rows.rows[0]), strict=True)) if columns else {}
        return self._answer.fill({**shown, **given, "table": table(rows), "rows": str(len(rows.rows))})


def read_value(text: str, kind: ParameterType) -> str | int | float | date | None:
    """A value of the declared type, or None: a whole number of up to 18 digits, a decimal number, an ISO date, a text
    of up to `VALUE_CHARACTERS`."""
    text = text.strip()
    match kind:
        case "int":
            return int(text) if _INTEGER.fullmatch(text) else None
        case "number":
            number = float(text) if _NUMBER.fullmatch(text) else math.nan
            return number if math.isfinite(number) else None
        case "date":
            try:
                return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
            except ValueError:
                return None
        case "text":
            return text if 0 < len(text) <= VALUE_CHARACTERS else None
