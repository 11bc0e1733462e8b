"""From schema version 9 to 10: the gateway's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.api_key import API_KEY

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 10


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    tables[API_KEY.name].create(connection, checkfirst=True)
    progress(1.0)
