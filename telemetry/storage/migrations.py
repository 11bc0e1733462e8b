"""From whatever schema version a database has to the present one, forward only.

A new database gets the present tables at once. An older one goes through the steps that it lacks, each in one
transaction together with its version number: a crash leaves a version that is whole.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import sqlalchemy as sa
from sqlmodel import SQLModel

from telemetry.alerts.tables import ALERTS
from telemetry.drift.tables import DRIFT
from telemetry.errors import NewerSchema
from telemetry.storage import (
    version_2,
    version_3,
    version_4,
    version_5,
    version_6,
    version_7,
    version_8,
    version_9,
    version_10,
    version_11,
    version_12,
    version_13,
    version_14,
    version_15,
)
from telemetry.storage.api_key import API_KEY
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.lease import LEASE
from telemetry.storage.models import BRANCH, CONTENT, META, POLICY_VERSION, REQUEST, SPAN
from telemetry.storage.operation import OPERATION, PIPELINE_HOUR
from telemetry.storage.rollups import ROLLUPS

Progress: TypeAlias = Callable[[float], None]
Tables: TypeAlias = Mapping[str, sa.Table]
"""By name, as they are made in a new database of this kind."""

TELL_EVERY_S = 5.0
"""A step that takes longer says how far it is."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What leads from the version before ``version`` to it."""

    version: int
    name: str
    apply: Callable[[sa.Connection, Progress, Tables], None]
    """Tells how far it is, as a share 0..1: a large database takes minutes."""


TABLES: tuple[sa.Table, ...] = (
    META,
    REQUEST,
    BRANCH,
    SPAN,
    CONTENT,
    POLICY_VERSION,
    *ROLLUPS,
    *DRIFT,
    LEASE,
    *OPERATION,
    PIPELINE_HOUR,
    EVALUATION,
    EVALUATION_TASK,
    *ALERTS,
    API_KEY,
)
"""Every table of the present schema."""

FIRST_VERSION = 1
STEPS: tuple[Step, ...] = (
    Step(version_2.VERSION, "rollups by day and by level, attempts and parts of costs", version_2.apply),
    Step(version_3.VERSION, "full-text search over content", version_3.apply),
    Step(version_4.VERSION, "incidents, samples of the pipeline, runs of jobs", version_4.apply),
    Step(version_5.VERSION, "what is said of decisions later", version_5.apply),
    Step(
        version_6.VERSION,
        "data classes, places, thresholds and rules in rollups, the dearest decisions",
        version_6.apply,
    ),
    Step(version_7.VERSION, "rollups for several filters at once", version_7.apply),
    Step(version_8.VERSION, "rollups for the data of a tenant", version_8.apply),
    Step(version_9.VERSION, "alerts: rules, states, history, messages and silences", version_9.apply),
    Step(version_10.VERSION, "the gateway's keys", version_10.apply),
    Step(version_11.VERSION, "opinions of judges, and what is still to be judged", version_11.apply),
    Step(version_12.VERSION, "drift against several references, with causes and moments", version_12.apply),
    Step(version_13.VERSION, "decisions by tenant and by latency, rollups for one name alone", version_13.apply),
    Step(
        version_14.VERSION, "samples by the hour, what people said by decision, texts in PostgreSQL", version_14.apply
    ),
    Step(version_15.VERSION, "decisions of a route by the hour", version_15.apply),
)
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
            _create(connection, tuple(tables))
            connection.execute(sa.insert(META).values(key=VERSION_KEY, value=str(known)))
            return known
    if found > known:
        raise NewerSchema(place, found, known)
    for step in steps:
        if step.version <= found:
            continue
        with engine.begin() as connection:
            if (found_version(connection) or FIRST_VERSION) >= step.version:
                continue
            step.apply(connection, _telling(place, step), {table.name: table for table in tables})
            connection.execute(sa.update(META).where(META.c.key == VERSION_KEY).values(value=str(step.version)))
    return known


def _create(connection: sa.Connection, tables: tuple[sa.Table, ...]) -> None:
    """Make these tables; what is there already stays."""
    if connection.dialect.name != "sqlite" or sa.inspect(connection).get_table_names():
        SQLModel.metadata.create_all(connection, tables=list(tables))
        return
    for statement in _sqlite_statements(tables):
        connection.exec_driver_sql(statement)


@cache
def _sqlite_statements(tables: tuple[sa.Table, ...]) -> tuple[str, ...]:
    """What makes them in an empty file, told once a process: finding the words takes longer than doing it."""
    statements: list[str] = []

    def note(_connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        sa.event.listen(connection, "before_cursor_execute", note)
        SQLModel.metadata.create_all(connection, tables=list(tables), checkfirst=False)
    engine.dispose()
    return tuple(statements)


def _telling(place: str, step: Step) -> Progress:
    """Writes to the log, but nothing of a step that is done soon."""
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_EVERY_S:
            last = time.monotonic()
            _log.warning(
                "%s: bringing the database to schema version %d (%s): %.0f %%",
                place,
                step.version,
                step.name,
                share * 100,
            )

    return tell
