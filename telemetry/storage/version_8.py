"""From schema version 7 to 8: rollups have levels for the data classes of a tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.version_7 import divide_anew

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 8


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    divide_anew(connection, progress)
    progress(1.0)
