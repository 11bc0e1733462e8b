"""From schema version 4 to 5: what people and judges say of decisions is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.evaluation import EVALUATION

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 5


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    tables[EVALUATION.name].create(connection, checkfirst=True)
    progress(1.0)
