"""The policies that have decided, as they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from telemetry.storage.engine import reading
from telemetry.storage.models import POLICY_VERSION

MOST: Final = 200
"""Versions that are read, the newest."""
_SIMULATED: Final = "(simulated)"
"""How the name of whoever recorded a demo's policy ends."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One version of a policy."""

    version: str
    name: str
    first_seen: datetime
    """When it was first in force; that it was in force again later leaves no row here."""
    recorded_by: str
    toml: str
    """The whole text, as TOML; written by people, so escape it where it is shown."""

    @property
    def simulated(self) -> bool:
        """Whether it decided the requests of a demo."""
        return self.recorded_by.endswith(_SIMULATED)


def versions(engine: sa.Engine) -> list[PolicyText]:
    """The versions in the order in which they came."""
    columns = POLICY_VERSION.c
    newest: sa.Select[Any] = (
        sa.select(columns.version, columns.name, columns.first_seen, columns.recorded_by, columns.toml)
        .order_by(columns.first_seen.desc(), columns.version.desc())
        .limit(MOST)
    )
    with reading(engine) as connection:
        rows = connection.execute(newest).all()
    return [PolicyText(*row) for row in reversed(rows)]
