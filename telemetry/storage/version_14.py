"""From schema version 13 to 14: samples by the hour, what people say of answers in an index, texts in PostgreSQL's.

The first two are small whatever the number of decisions. An index over captured texts takes PostgreSQL about 0.4 ms for
each of 500 characters; SQLite has its own since version 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage import fulltext, pipeline_hours

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 14


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for index in tables["evaluation"].indexes:
        index.create(connection, checkfirst=True)
    tables["pipeline_hour"].create(connection, checkfirst=True)
    pipeline_hours.rebuild(connection)
    if connection.dialect.name == "postgresql":
        fulltext.create(connection)
    progress(1.0)
