"""What is in the store, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telemetry.levels import REQUESTS
from telemetry.storage.engine import reading, stored_bytes
from telemetry.storage.migrations import found_version, known_version
from telemetry.storage.models import REQUEST
from telemetry.storage.rollups import REQUEST_DAY

_COARSEST = REQUESTS.covering(())


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
    columns = REQUEST_DAY.c
    requests = sa.func.sum(columns.requests)
    by_purpose: dict[str, int] = {}
    simulated = 0
    with reading(engine) as connection:
        counts = sa.select(columns.purpose, columns.simulated, requests)
        counts = counts.where(columns.level == _COARSEST).group_by(columns.purpose, columns.simulated)
        for purpose, is_simulated, number in connection.execute(counts):
            by_purpose[purpose] = by_purpose.get(purpose, 0) + number
            simulated += number if is_simulated else 0
        # Two statements: SQLite answers min and max from an index only when asked for one of them.
        first = connection.scalar(sa.select(sa.func.min(REQUEST.c.ts)))
        last = connection.scalar(sa.select(sa.func.max(REQUEST.c.ts)))
        version = found_version(connection)
    return StoreState(
        requests=sum(by_purpose.values()),
        simulated_requests=simulated,
        by_purpose=dict(sorted(by_purpose.items())),
        first=first,
        last=last,
        bytes=stored_bytes(engine),
        schema_version=known_version() if version is None else version,
    )
