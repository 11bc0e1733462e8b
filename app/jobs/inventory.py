"""Once a day every table is counted and measured, for the page on how well decisions are kept."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from telemetry.storage.inventory import note_sizes

EVERY = timedelta(days=1)


def note_table_sizes(engine: sa.Engine) -> None:
    """Count and measure.

    Raises:
        StorageError
    """
    note_sizes(engine)
