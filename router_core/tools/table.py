"""Rows of a database as a Markdown table in which nothing is markup."""

from __future__ import annotations

from typing import Any, Final

from router_core.tools.database import Rows
from router_core.tools.template import markdown

MAX_COLUMNS: Final = 12
UNKNOWN: Final = "unknown"
"""What a NULL is called: neither 0 nor an empty text."""


def table(rows: Rows) -> str:
    """The rows as a table of at most `MAX_COLUMNS` columns; what is left out is said below it."""
    columns = rows.columns[:MAX_COLUMNS]
    lines = [
        _line([markdown(column) for column in columns]),
        "|" + "---|" * len(columns),
        *(_line([cell(value) for value in row[:MAX_COLUMNS]]) for row in rows.rows),
    ]
    left_out = []
    if rows.more:
        left_out.append(f"only the first {len(rows.rows)} row{'s' if len(rows.rows) > 1 else ''}")
    if len(rows.columns) > MAX_COLUMNS:
        left_out.append(f"only the first {MAX_COLUMNS} of {len(rows.columns)} columns")
    if left_out:
        lines += ["", f"({' and '.join(left_out)} are shown)"]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """One value as plain text."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case bytes() | bytearray() | memoryview():
            return f"({len(value):,} bytes)"
        case _:
            return markdown(str(value))


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
