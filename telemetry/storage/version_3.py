"""From schema version 2 to 3: captured content is searchable, and decisions are found by their trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage import fulltext
from telemetry.storage.models import CONTENT

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 3
ROWS_A_STATEMENT: Final = 2_000


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS ix_request_trace ON request (trace_id)")
    if connection.dialect.name != "sqlite" or not fulltext.create(connection):
        return
    last = connection.scalar(sa.select(sa.func.max(sa.column("rowid"))).select_from(CONTENT)) or 0
    for start in range(0, last + 1, ROWS_A_STATEMENT):
        connection.exec_driver_sql(_FILL_ROWS, (start, start + ROWS_A_STATEMENT - 1))
        progress(0.1 * start / (last + 1))
    last = connection.scalar(sa.text("SELECT max(number) FROM content_fts_rows")) or 0
    for start in range(0, last + 1, ROWS_A_STATEMENT):
        connection.exec_driver_sql(_FILL_INDEX, (start, start + ROWS_A_STATEMENT - 1))
        progress(0.1 + 0.9 * start / (last + 1))
    progress(1.0)


_FILL_ROWS = """
    INSERT INTO content_fts_rows (span_id, part, trace_id)
    SELECT span_id, part, trace_id FROM content WHERE text IS NOT NULL AND rowid BETWEEN ? AND ?
"""
_FILL_INDEX = """
    INSERT INTO content_fts (rowid, text)
    SELECT number, text FROM content_fts_rows JOIN content USING (span_id, part) WHERE number BETWEEN ? AND ?
"""
