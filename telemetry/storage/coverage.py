"""From when on the raw rows are whole. What is older may have been pruned, and lives on in the rollups alone.

Whoever computes something anew from raw rows (rollups, drift) has to leave alone what lies before this moment: the
rows that are still there, or have come late, are no longer all that were counted.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from telemetry.storage.models import META

COVERED_SINCE_KEY = "rows_since"


def covered_since(connection: sa.Connection) -> datetime | None:
    """The moment since which nothing was pruned; None when nothing ever was."""
    text = connection.scalar(sa.select(META.c.value).where(META.c.key == COVERED_SINCE_KEY))
    return None if text is None else datetime.fromisoformat(text)


def give_up_before(connection: sa.Connection, moment: datetime) -> None:
    """Note, before the first row goes, that rows before ``moment`` will. The moment never moves back."""
    known = covered_since(connection)
    if known is not None and known >= moment:
        return
    connection.execute(sa.delete(META).where(META.c.key == COVERED_SINCE_KEY))
    connection.execute(sa.insert(META).values(key=COVERED_SINCE_KEY, value=moment.astimezone(UTC).isoformat()))
