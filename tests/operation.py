"""What became of a made-up RouteScope: incidents, samples, runs of jobs, as its processes would have noted them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemetry.incidents import incident_row
from telemetry.storage import pipeline_hours
from telemetry.storage.engine import writing
from telemetry.storage.lease import LEASE
from telemetry.storage.operation import INCIDENT, JOB_RUN, PIPELINE_SAMPLE, TABLE_SIZE, row_id
from tests.traces import START

Row = dict[str, Any]


def incident(kind: str, minutes: float, model: str | None = None, **more: Any) -> Row:
    """An incident so many minutes after the start; ``more`` are its fields, ``process`` and ``simulated``."""
    process, simulated = more.pop("process", "one"), more.pop("simulated", False)
    fields = more if model is None else {"model": model, **more}
    at = START + timedelta(minutes=minutes)
    return incident_row(kind, f"{kind} of {model}", at=at, process=process, fields=fields, simulated=simulated)


def sample(process: str, minutes: int, **more: Any) -> Row:
    """A sample so many minutes after the start."""
    at = START + timedelta(minutes=minutes)
    row: Row = {
        "sample_id": row_id(process, at),
        "process": process,
        "ts": at,
        "minute": int(at.timestamp() // 60),
        "started": START,
        "seconds": 60.0,
    }
    row |= {"last": False, "queued": 0, "queue_high": 3, "spool_waiting": 0, "spool_bytes": 0, "written": 100}
    row |= dict.fromkeys(("spooled", "not_durable", "refused", "abandoned"), 0)
    return row | {"lag_n": 100, "lag_p95_ms": 4.5, "lag_max_ms": 9.25, "last_error": None} | more


def job_run(job: str, hours: float, error: str | None = None) -> Row:
    """A run of a job."""
    outcome = "done" if error is None else "failed"
    started = START + timedelta(hours=hours)
    made = {"run_id": row_id(job, started), "job": job, "started": started, "holder": "h:1", "seconds": 1.5}
    return made | {"outcome": outcome, "error": error}


INCIDENTS = (
    incident("gateway_started", 0, policy_version="v1"),
    incident("breaker_opened", 10, "small", deployment="only", why="3 failures in a row: timeout"),
    incident("breaker_half_open", 11, "small", deployment="only", why="3 failures in a row: timeout"),
    incident("breaker_opened", 12, "small", deployment="only", why="the probe failed: timeout"),
    incident("breaker_closed", 14, "small", deployment="only"),
    incident("breaker_opened", 13, "small", process="two", deployment="only", why="rate_limited"),
    incident("deployment_ejected", 20, "Größe", deployment="east", why="slow"),
    incident("deployment_readmitted", 80, "Größe", deployment="east"),
    incident("spool_in_use", 30, waiting=4, last_error="disk full"),
    incident("spool_empty", 31),
    incident("policy_refused", 40, policy_version="v1"),
    incident("breaker_opened", 50, "large", process="demo", simulated=True, why="made up"),
)
SAMPLES = (
    *(sample("one", minute) for minute in range(1, 5)),
    sample("one", 30, spooled=4, spool_waiting=4, spool_bytes=9_000, written=0, lag_p95_ms=51.0, last_error="full"),
    sample("one", 31, queue_high=40, lag_n=0, lag_p95_ms=None, lag_max_ms=None, written=0),
    sample("two", 2, not_durable=2, abandoned=1),
    sample("two", 60, last=True, written=0),
)
RUNS = (
    job_run("drift", 0),
    job_run("drift", 1),
    job_run("drift", 2, "OSError: no room"),
    job_run("retention", 0),
)


def fill(engine: sa.Engine, *, until: datetime = START + timedelta(hours=3)) -> None:
    """Write all of it; the lease of the jobs lasts ``until``."""
    sizes = [
        {"size_id": row_id(name), "taken": START, "name": name, "row_count": n, "bytes": n * 100}
        for name, n in (("branch", 9), ("request", 5))
    ]
    with writing(engine) as connection:
        for table, rows in ((INCIDENT, INCIDENTS), (PIPELINE_SAMPLE, SAMPLES), (JOB_RUN, RUNS), (TABLE_SIZE, sizes)):
            connection.execute(sa.insert(table), list(rows))
        pipeline_hours.rebuild(connection)
        connection.execute(sa.insert(LEASE), [{"name": "jobs", "holder": "h:1", "expires": until}])
