"""What is in the store, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class StoreState:
    """Counts come from the rollups, so that they cost the same however much is stored."""

    requests: int
    simulated_requests: int
    by_purpose: dict[str, int]
    first: datetime | None
    """When the oldest decision was made."""
    last: datetime | None
    bytes: int
    """Size of the database's files."""
    schema_version: int


def store_state(engine: sa.Engine) -> StoreState:
    """The state of the whole store, simulated rows and all purposes included."""
    raise NotImplementedError
