"""What is in the database, counted row by row: for people who look after it. Pages use `telemetry.query.store`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading
from telemetry.storage.migrations import TABLES
from telemetry.storage.models import CONTENT


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
