"""From schema version 8 to 9: alerts are kept: rules, states, history, messages, silences and readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.alerts.tables import ALERTS

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 9


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for table in ALERTS:
        tables[table.name].create(connection, checkfirst=True)
    progress(1.0)
