"""What is in the database, counted row by row: for people who look after it, and for the jobs worker, which notes it.

Pages use `telemetry.query.store` and `telemetry.query.pipeline`, which count nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading, stored_bytes, writing
from telemetry.storage.migrations import TABLES
from telemetry.storage.models import CONTENT
from telemetry.storage.operation import TABLE_SIZE, row_id

LARGEST_MEASURED: Final = 4 << 30
"""Bytes of a SQLite file up to which its tables are measured: every page is read for it."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The tables and their rows."""

    tables: dict[str, int]
    """Rows by table."""
    oldest_content: datetime | None
    """When the oldest prompt that is kept was asked."""
    rows_since: datetime | None
    """Decisions from before this moment were pruned; None when nothing ever was."""


def take_inventory(engine: sa.Engine) -> Inventory:
    """Count everything. Ten million decisions take seconds.

    Raises:
        StorageError: the database cannot be read.
    """
    with reading(engine) as connection:
        tables = {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in TABLES}
        oldest = connection.scalar(sa.select(sa.func.min(CONTENT.c.ts)))
        return Inventory(tables, oldest, covered_since(connection))


def table_bytes(engine: sa.Engine) -> dict[str, int]:
    """What each table takes with its indexes; empty where that is not known, or would take too long to find out."""
    if engine.dialect.name == "sqlite" and stored_bytes(engine) > LARGEST_MEASURED:
        return {}
    names = [table.name for table in TABLES]
    with reading(engine) as connection:
        if engine.dialect.name != "sqlite":
            return {row.name: int(row.bytes) for row in connection.execute(_POSTGRESQL, {"names": names})}
        try:
            pages = connection.execute(_SQLITE).all()
        except OperationalError:  # an SQLite without dbstat
            return {}
    sizes: Counter[str] = Counter()
    for name, size in pages:
        # The full-text index belongs to what it searches.
        sizes["content" if name.startswith("content_fts") else name] += size
    return {name: sizes[name] for name in names}


def note_sizes(engine: sa.Engine, *, now: datetime | None = None) -> None:
    """Count and measure every table, and keep the result for pages.

    Raises:
        StorageError: the database cannot be used.
    """
    taken, sizes = now or datetime.now(UTC), table_bytes(engine)
    counted = take_inventory(engine).tables
    rows = [
        {"size_id": row_id(name, taken), "taken": taken, "name": name, "row_count": n, "bytes": sizes.get(name)}
        for name, n in counted.items()
    ]
    with writing(engine) as connection:
        connection.execute(sa.insert(TABLE_SIZE), rows)


_SQLITE: Final = sa.text(
    "SELECT coalesce(tbl_name, dbstat.name), sum(pgsize) FROM dbstat LEFT JOIN sqlite_master USING (name)"
    " WHERE aggregate = TRUE GROUP BY 1"
)
_POSTGRESQL: Final = sa.text(
    "SELECT name, pg_total_relation_size(to_regclass(name)) AS bytes"
    " FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NOT NULL"
)
