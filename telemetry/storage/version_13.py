"""From schema version 12 to 13: decisions are found by their tenant, and the slow ones of an hour without the others.

Rollups by day have levels for one name alone, so that what they answer does not grow with the number of tenants; what
samples add up to is in their index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.version_7 import divide_anew

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 13
_CHANGED: Final = {"request": "ix_request_ts", "pipeline_sample": "ix_pipeline_sample_ts"}
"""By table, the indexes that have more columns now."""
_INDEXES_SHARE: Final = 0.2
"""Of the time, about, that indexes take; the rest is the rollups'."""


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for table, changed in _CHANGED.items():
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {changed}")
        for index in tables[table].indexes:
            index.create(connection, checkfirst=True)
    progress(_INDEXES_SHARE)
    divide_anew(connection, lambda share: progress(_INDEXES_SHARE + (1 - _INDEXES_SHARE) * share))
    progress(1.0)
