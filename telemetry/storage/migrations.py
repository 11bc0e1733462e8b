"""From whatever schema version a database has to the present one, forward only.

A new database gets the present tables at once. An older one goes through the steps that it lacks, each in one
transaction together with its version number: a crash leaves a version that is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import SQLModel

from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.errors import NewerSchema
from telemetry.storage.lease import LEASE
from telemetry.storage.models import (
    BRANCH,
    BRANCH_HOUR,
    CONTENT,
    META,
    POLICY_VERSION,
    REQUEST,
    REQUEST_HOUR,
    SPAN,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What leads from the version before ``version`` to it."""

    version: int
    name: str
    apply: Callable[[sa.Connection], None]


TABLES: tuple[sa.Table, ...] = (
    META,
    REQUEST,
    BRANCH,
    SPAN,
    CONTENT,
    POLICY_VERSION,
    REQUEST_HOUR,
    BRANCH_HOUR,
    DRIFT_RUN,
    DRIFT_METRIC,
    LEASE,
)
"""Every table of the present schema."""

FIRST_VERSION = 1
STEPS: tuple[Step, ...] = ()
"""In order, from FIRST_VERSION + 1. A step never changes once it has been released."""

VERSION_KEY = "schema_version"


def known_version(steps: Sequence[Step] = STEPS) -> int:
    """The schema version that this RouteScope writes."""
    return steps[-1].version if steps else FIRST_VERSION


def found_version(connection: sa.Connection) -> int | None:
    """The database's schema version; None for a database without our tables."""
    if not sa.inspect(connection).has_table(META.name):
        return None
    text = connection.scalar(sa.select(META.c.value).where(META.c.key == VERSION_KEY))
    return None if text is None else int(text)


def migrate(
    engine: sa.Engine, place: str, *, tables: Sequence[sa.Table] = TABLES, steps: Sequence[Step] = STEPS
) -> int:
    """Bring the database to the present schema, and return its version.

    Several processes may do this at once: each step looks again once it holds the write lock.

    Raises:
        NewerSchema: nothing was changed.
    """
    known = known_version(steps)
    with engine.begin() as connection:
        found = found_version(connection)
        if found is None:
            SQLModel.metadata.create_all(connection, tables=list(tables))
            connection.execute(sa.insert(META).values(key=VERSION_KEY, value=str(known)))
            return known
    if found > known:
        raise NewerSchema(place, found, known)
    for step in steps:
        with engine.begin() as connection:
            if (found_version(connection) or FIRST_VERSION) >= step.version:
                continue
            step.apply(connection)
            connection.execute(sa.update(META).where(META.c.key == VERSION_KEY).values(value=str(step.version)))
    return known
