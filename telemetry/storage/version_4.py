"""From schema version 3 to 4: incidents, samples of the pipeline, runs of jobs and sizes of tables are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.operation import OPERATION

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 4


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for table in OPERATION:
        tables[table.name].create(connection, checkfirst=True)
    progress(1.0)
