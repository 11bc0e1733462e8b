"""How well decisions are kept, by process and over time; what the store holds; who runs the jobs, and how they went."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.query.filters import SECONDS_PER_HOUR, hour_start
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading, stored_bytes
from telemetry.storage.lease import LEASE
from telemetry.storage.migrations import found_version, known_version
from telemetry.storage.models import CONTENT, POLICY_VERSION, REQUEST
from telemetry.storage.operation import (
    COUNTS,
    EXTREMES,
    INCIDENT,
    JOB_RUN,
    PIPELINE_HOUR,
    PIPELINE_SAMPLE,
    SAMPLE_DAYS,
    TABLE_SIZE,
)
from telemetry.storage.pipeline_hours import MINUTES_AN_HOUR

SILENT: Final = timedelta(seconds=150)
"""A process that has given no sample for so long is not known to live."""
MOST_POINTS: Final = 300
LONGEST_STEP: Final = 30
"""Minutes of a step up to which single samples are read; beyond it hours."""
JOBS_LEASE: Final = "jobs"
"""The name of the lease that the jobs worker holds."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process that keeps decisions, by its last sample. Counts are traces since ``since``."""

    process: str
    """Host, process id and a token of its own."""
    started: datetime
    last_seen: datetime
    state: str
    """running; ended, as it should; silent, for longer than a process that lives would be."""
    queued: int
    spool_waiting: int
    spool_bytes: int
    last_error: str | None
    """Why the database or the spool refuses; None while all is well."""
    lag_p95_ms: float | None
    """Of its last sample in which decisions were kept: from a decision's end until it was kept."""
    queue_high: int
    """The most that were queued at once."""
    written: int
    spooled: int
    not_durable: int
    refused: int
    abandoned: int

    @property
    def dropped(self) -> int:
        """Traces that are nowhere."""
        return self.not_durable + self.abandoned


@dataclass(frozen=True, slots=True)
class PipelinePoint:
    """All processes in one step of time. Counts are traces."""

    start: datetime
    written: int
    spooled: int
    not_durable: int
    refused: int
    abandoned: int
    queue_high: int
    """The most that one process had queued at once."""
    spool_waiting: int
    """The most that waited on one process's spool."""
    spool_bytes: int
    lag_p95_ms: float | None
    """The worst of the samples'; None where nothing was kept."""
    lag_max_ms: float | None

    @property
    def dropped(self) -> int:
        """Traces that are nowhere."""
        return self.not_durable + self.abandoned


@dataclass(frozen=True, slots=True)
class TableState:
    """How large a table was when the jobs worker measured it."""

    name: str
    rows: int
    bytes: int | None
    """With its indexes; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How long rows are kept, as the policy says that was in force last; None: for ever."""

    days: int | None
    content_days: int | None
    """None: as long as the decisions."""
    sample_days: int
    """Samples, runs of jobs and sizes of tables."""
    policy_version: str | None
    """The policy that says so; None when no policy is known."""


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """The database itself."""

    bytes: int
    """All of it on disk."""
    tables: list[TableState]
    """The largest first; empty until the jobs worker has measured them."""
    measured: datetime | None
    schema_version: int
    newest_schema_version: int
    """What this RouteScope would make of it."""
    rows_since: datetime | None
    """Decisions from before it were pruned; None when nothing ever was."""
    first: datetime | None
    """When the oldest decision that is kept was made."""
    last: datetime | None
    oldest_content: datetime | None
    kept: Kept


@dataclass(frozen=True, slots=True)
class JobState:
    """One job, by its last run."""

    job: str
    started: datetime
    seconds: float
    outcome: str
    """done or failed."""
    error: str | None
    last_done: datetime | None
    """When it last began a run that went well."""


@dataclass(frozen=True, slots=True)
class JobsState:
    """Who runs the jobs, and how they went."""

    holder: str | None
    """Of the lease; None when nobody ever held it, or it was given back."""
    expires: datetime | None
    held: bool
    """Whether the lease has not run out."""
    jobs: list[JobState]
    """By name."""


def processes(engine: sa.Engine, *, since: datetime | None = None, now: datetime | None = None) -> list[ProcessState]:
    """Processes that gave samples since then (default: a day ago), the one that was seen last first."""
    now = now or datetime.now(UTC)
    columns = PIPELINE_SAMPLE.c
    # Columns of the first part name those of the whole.
    parts = sa.union_all(*_since(since or now - timedelta(days=1))).subquery("parts").c
    grouped = (
        sa.select(
            *(parts.process, sa.func.max(parts.seen).label("seen"), sa.func.max(parts.queue_high).label("queue_high")),
            *(sa.func.sum(parts[name]).label(name) for name in COUNTS),
        )
        .group_by(parts.process)
        .subquery("grouped")
    )
    newest = sa.select(PIPELINE_SAMPLE, *(grouped.c[name].label(f"all_{name}") for name in ("queue_high", *COUNTS)))
    newest = newest.join(grouped, sa.and_(columns.process == grouped.c.process, columns.ts == grouped.c.seen))
    with reading(engine) as connection:
        rows = connection.execute(newest.order_by(columns.ts.desc(), columns.process)).mappings().all()
        lags = {row["process"]: row["lag_p95_ms"] for row in rows if row["lag_p95_ms"] is not None}
        for row in rows:
            if row["process"] not in lags:
                lags[row["process"]] = _last_lag(connection, row["process"])
    return [
        ProcessState(
            process=row["process"],
            started=row["started"],
            last_seen=row["ts"],
            state="ended" if row["last"] else "running" if row["ts"] >= now - SILENT else "silent",
            queued=row["queued"],
            spool_waiting=row["spool_waiting"],
            spool_bytes=row["spool_bytes"],
            last_error=row["last_error"],
            lag_p95_ms=lags[row["process"]],
            queue_high=row["all_queue_high"],
            **{name: row[f"all_{name}"] for name in COUNTS},
        )
        for row in rows
    ]


def series(engine: sa.Engine, start: datetime, end: datetime) -> list[PipelinePoint]:
    """All processes over time, in at most `MOST_POINTS` steps of whole minutes; steps without a sample are left out.

    Where a step would be longer than `LONGEST_STEP` minutes it is of whole hours, and so is the period.
    """
    width = max(1, math.ceil((end - start).total_seconds() / 60 / MOST_POINTS))
    moment: sa.ColumnElement[Any]
    if width <= LONGEST_STEP:
        table, moment = PIPELINE_SAMPLE, PIPELINE_SAMPLE.c.minute
        period = sa.and_(table.c.ts >= start, table.c.ts < end)
    else:
        width = -(-width // MINUTES_AN_HOUR) * MINUTES_AN_HOUR
        table, moment = PIPELINE_HOUR, PIPELINE_HOUR.c.hour * _inlined(MINUTES_AN_HOUR)
        period = sa.and_(table.c.hour >= math.floor(_hours(start)), table.c.hour < math.ceil(_hours(end)))
    step = (moment // _inlined(width) * _inlined(width)).label("step")
    statement: sa.Select[Any] = (
        sa.select(
            step,
            *(sa.func.sum(table.c[name]).label(name) for name in COUNTS),
            *(sa.func.max(table.c[name]).label(name) for name in EXTREMES),
        )
        .where(period)
        .group_by(step)
        .order_by(step)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [
        PipelinePoint(
            start=datetime.fromtimestamp(row["step"] * 60, tz=UTC),
            **{name: row[name] for name in (*COUNTS, *EXTREMES)},
        )
        for row in rows
    ]


def store_health(engine: sa.Engine) -> StoreHealth:
    """The state of the database; nothing is counted for it."""
    with reading(engine) as connection:
        taken = connection.scalar(sa.select(sa.func.max(TABLE_SIZE.c.taken)))
        sizes = sa.select(TABLE_SIZE).where(TABLE_SIZE.c.taken == taken)
        measured = [] if taken is None else connection.execute(sizes).all()
        tables = [TableState(row.name, row.row_count, row.bytes) for row in measured]
        version = found_version(connection)
        # One statement each: SQLite answers min and max from an index only when asked for one of them.
        first = connection.scalar(sa.select(sa.func.min(REQUEST.c.ts)))
        last = connection.scalar(sa.select(sa.func.max(REQUEST.c.ts)))
        oldest_content = connection.scalar(sa.select(sa.func.min(CONTENT.c.ts)))
        since, kept = covered_since(connection), _kept(connection)
    return StoreHealth(
        bytes=stored_bytes(engine),
        tables=sorted(tables, key=lambda table: (-(table.bytes or 0), -table.rows, table.name)),
        measured=taken,
        schema_version=known_version() if version is None else version,
        newest_schema_version=known_version(),
        rows_since=since,
        first=first,
        last=last,
        oldest_content=oldest_content,
        kept=kept,
    )


def jobs(engine: sa.Engine, *, now: datetime | None = None) -> JobsState:
    """Who holds the jobs' lease, and the last run of each job."""
    now = now or datetime.now(UTC)
    columns = JOB_RUN.c
    last_of = sa.select(columns.job, sa.func.max(columns.started).label("started")).group_by(columns.job)
    done = last_of.where(columns.outcome == "done")
    newest = last_of.subquery()
    last = sa.select(JOB_RUN).join(newest, sa.and_(columns.job == newest.c.job, columns.started == newest.c.started))
    with reading(engine) as connection:
        lease = connection.execute(sa.select(LEASE).where(LEASE.c.name == JOBS_LEASE)).first()
        well = {row.job: row.started for row in connection.execute(done)}
        rows = connection.execute(last.order_by(columns.job)).all()
    return JobsState(
        holder=None if lease is None else lease.holder,
        expires=None if lease is None else lease.expires,
        held=lease is not None and lease.expires > now,
        jobs=[JobState(row.job, row.started, row.seconds, row.outcome, row.error, well.get(row.job)) for row in rows],
    )


def _since(moment: datetime) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Samples since then, by the hour from the first whole hour on: two parts with the same columns."""
    first_whole = math.ceil(_hours(moment))
    samples, hours = PIPELINE_SAMPLE.c, PIPELINE_HOUR.c
    names = ("queue_high", *COUNTS)
    return (
        sa.select(hours.process, hours.seen, *(hours[name] for name in names)).where(hours.hour >= first_whole),
        sa.select(samples.process, samples.ts, *(samples[name] for name in names)).where(
            samples.ts >= moment, samples.ts < hour_start(first_whole)
        ),
    )


def _hours(moment: datetime) -> float:
    """Since the epoch."""
    return moment.timestamp() / SECONDS_PER_HOUR


def _inlined(value: int) -> sa.ColumnElement[int]:
    """A bound number would be another expression to the database in GROUP BY."""
    return sa.literal_column(str(value), sa.Integer())


def _last_lag(connection: sa.Connection, process: str) -> float | None:
    columns = PIPELINE_SAMPLE.c
    known = sa.select(columns.lag_p95_ms).where(columns.process == process, columns.lag_p95_ms.is_not(None))
    return connection.scalar(known.order_by(columns.ts.desc()).limit(1))


def _kept(connection: sa.Connection) -> Kept:
    """What the policy says that a gateway named last; before any did, the one that was recorded last."""
    named = sa.select(INCIDENT.c.policy_version).where(
        INCIDENT.c.kind.in_(("gateway_started", "policy_reloaded")), INCIDENT.c.simulated.is_(False)
    )
    version = connection.scalar(named.order_by(INCIDENT.c.ts.desc()).limit(1))
    texts = sa.select(POLICY_VERSION.c.version, POLICY_VERSION.c.toml)
    row = connection.execute(texts.where(POLICY_VERSION.c.version == version)).first()
    if row is None:
        row = connection.execute(texts.order_by(POLICY_VERSION.c.first_seen.desc()).limit(1)).first()
    if row is None:
        return Kept(None, None, SAMPLE_DAYS, None)
    try:
        said = tomllib.loads(row.toml).get("telemetry", {})
    except tomllib.TOMLDecodeError:
        said = {}
    return Kept(_days(said, "keep_days"), _days(said, "keep_content_days"), SAMPLE_DAYS, row.version)


def _days(said: Any, name: str) -> int | None:
    value = said.get(name) if isinstance(said, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
