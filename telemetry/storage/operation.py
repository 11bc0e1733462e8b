"""What became of RouteScope itself: incidents, samples of how decisions are kept, runs of jobs, sizes of tables.

Rows like those of decisions, written once and never changed, but about the processes and the database rather than
about requests. No tenant, no prompt and no answer is in them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime

COUNTS: Final = ("written", "spooled", "not_durable", "refused", "abandoned")
"""Columns of samples that are added up."""
EXTREMES: Final = ("queue_high", "spool_waiting", "spool_bytes", "lag_p95_ms", "lag_max_ms")
"""Columns of samples of which the highest counts."""
SAMPLE_DAYS: Final = 30
"""How many whole days samples, runs of jobs and sizes of tables are kept, whatever the policy says of decisions."""


class Incident(SQLModel, table=True):
    """Something that a person on duty wants to know: the events of docs/operations.md, but for decisions."""

    __tablename__ = "incident"
    __table_args__ = (
        sa.Index("ix_incident_ts", "ts", "incident_id"),
        sa.Index("ix_incident_model", "model", "ts"),
    )

    incident_id: str = Field(primary_key=True)
    ts: datetime = Field(sa_type=UtcDateTime)
    """When it happened, as well as that is known."""
    kind: str
    """The event's name: breaker_opened, spool_in_use, policy_refused ..."""
    severity: str
    """info, warning or error."""
    process: str
    """Who noticed it. Each process has breakers and a spool of its own."""
    simulated: bool
    model: str | None = None
    deployment: str | None = None
    policy_version: str | None = None
    detail: str = Field(sa_type=sa.Text)
    """A sentence for a person, without keys."""
    fields: str = Field(sa_type=sa.Text)
    """The event's other fields, a JSON object."""


class PipelineSample(SQLModel, table=True):
    """How a process kept its decisions since its last sample. Counts are traces."""

    __tablename__ = "pipeline_sample"
    __table_args__ = (
        # With all that is added up over time: a month of several gateways is some hundred thousand rows.
        sa.Index("ix_pipeline_sample_ts", "ts", "process", "minute", *COUNTS, *EXTREMES),
        sa.Index("ix_pipeline_sample_process", "process", "ts"),
    )

    sample_id: str = Field(primary_key=True)
    process: str
    ts: datetime = Field(sa_type=UtcDateTime)
    """The end of the time that it tells of."""
    minute: int
    """The same as minutes since the epoch, so that samples can be added up by time on every database."""
    started: datetime = Field(sa_type=UtcDateTime)
    """When the process began to keep decisions."""
    seconds: float
    """How long a time it tells of."""
    last: bool
    """The process ended after it as it should."""
    queued: int
    """In memory at the end."""
    queue_high: int
    """The most that were in memory at once."""
    spool_waiting: int
    """On the process's spool at the end."""
    spool_bytes: int = Field(sa_type=sa.BigInteger)
    """What these take there."""
    written: int
    """Went to the database at once."""
    spooled: int
    """Went to the spool at first."""
    not_durable: int
    """Could be kept nowhere."""
    refused: int
    """Fit no database, and are kept aside."""
    abandoned: int
    """Given up before their root ended."""
    lag_n: int
    """How many the two lags are of."""
    lag_p95_ms: float | None = None
    """From a decision's end until it was kept; NULL when none was."""
    lag_max_ms: float | None = None
    last_error: str | None = Field(default=None, sa_type=sa.Text)
    """Why the database or the spool refused at the end."""


class PipelineHour(SQLModel, table=True):
    """What the samples of one process in one hour add up to: a month of minutes is too much for a page.

    Made from the samples, by `telemetry.storage.pipeline_hours`.
    """

    __tablename__ = "pipeline_hour"

    hour: int = Field(primary_key=True)
    """Since the epoch."""
    process: str = Field(primary_key=True)
    seen: datetime = Field(sa_type=UtcDateTime)
    """The moment of its last sample."""
    written: int
    spooled: int
    not_durable: int
    refused: int
    abandoned: int
    queue_high: int
    """The most of all samples; so are the next ones."""
    spool_waiting: int
    spool_bytes: int = Field(sa_type=sa.BigInteger)
    lag_p95_ms: float | None = None
    lag_max_ms: float | None = None


class JobRun(SQLModel, table=True):
    """One run of one job of the jobs worker."""

    __tablename__ = "job_run"
    __table_args__ = (sa.Index("ix_job_run_started", "started"), sa.Index("ix_job_run_job", "job", "started"))

    run_id: str = Field(primary_key=True)
    job: str
    started: datetime = Field(sa_type=UtcDateTime)
    holder: str
    seconds: float
    outcome: str
    """done or failed."""
    error: str | None = Field(default=None, sa_type=sa.Text)


class TableSize(SQLModel, table=True):
    """How large a table was, as the jobs worker found it: counting takes too long for a page."""

    __tablename__ = "table_size"
    __table_args__ = (sa.Index("ix_table_size_taken", "taken"),)

    size_id: str = Field(primary_key=True)
    taken: datetime = Field(sa_type=UtcDateTime)
    name: str
    row_count: int = Field(sa_type=sa.BigInteger)
    bytes: int | None = Field(default=None, sa_type=sa.BigInteger)
    """With its indexes; NULL where the database does not say, or it would take too long."""


def row_id(*parts: object) -> str:
    """The key of a row that these make what it is: the same parts, the same key."""
    identity = "\x1f".join(
        part.astimezone(UTC).isoformat() if isinstance(part, datetime) else str(part) for part in parts
    )
    return blake2b(identity.encode(errors="replace"), digest_size=16).hexdigest()


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


INCIDENT = _table(Incident)
PIPELINE_SAMPLE = _table(PipelineSample)
PIPELINE_HOUR = _table(PipelineHour)
JOB_RUN = _table(JobRun)
TABLE_SIZE = _table(TableSize)

OPERATION = (INCIDENT, PIPELINE_SAMPLE, JOB_RUN, TABLE_SIZE)
"""What is written once and never changed; the hours of samples are made from them."""
