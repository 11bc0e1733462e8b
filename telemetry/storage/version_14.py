"""From schema version 13 to 14: samples by the hour, and what people say of answers in an index of its own.

Both are small whatever the number of decisions, so that a large store is brought here in a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage import pipeline_hours

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 14


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for index in tables["evaluation"].indexes:
        index.create(connection, checkfirst=True)
    tables["pipeline_hour"].create(connection, checkfirst=True)
    pipeline_hours.rebuild(connection)
    progress(1.0)
