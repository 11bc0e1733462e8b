"""When each job runs, and who runs it: the holder of the lease in the database, nobody else.

Several workers may be started; those without the lease wait for it. A holder that dies loses it when it runs out.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy.exc import SQLAlchemyError

from router_core.redaction import redact_text
from telemetry.errors import StorageError
from telemetry.storage import lease
from telemetry.storage.engine import writing
from telemetry.storage.operation import JOB_RUN, row_id

log = logging.getLogger("routescope.jobs")

LEASE = "jobs"
LEASE_LASTS = timedelta(seconds=60)
RENEW_EVERY_S = 20
LONGEST_ERROR = 1_000

Job = Callable[[sa.Engine], None]


class Worker:
    """Runs jobs while it holds the lease."""

    def __init__(
        self, engine: sa.Engine, jobs: Mapping[str, tuple[Job, timedelta]], *, holder: str | None = None
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.leading = False
        self._scheduler = BlockingScheduler(timezone=UTC)

    def tend(self, now: datetime | None = None) -> bool:
        """Take or renew the lease; whether we hold it now. The first time, all jobs run at once."""
        before = self.leading
        self.leading = lease.take(self._engine, LEASE, self.holder, now=now or datetime.now(UTC), lasts=LEASE_LASTS)
        if self.leading and not before:
            log.info("this worker holds the lease for jobs")
            for name in self._jobs:
                self.run(name)
        return self.leading

    def run(self, name: str) -> None:
        """Run one job now, when we hold the lease. A job that fails is logged and tried again at its next time."""
        if not self.leading:
            return
        job, _ = self._jobs[name]
        started, began, error = datetime.now(UTC), time.monotonic(), None
        try:
            job(self._engine)
        except Exception as fault:  # the worker's loop is an edge: one bad job must not stop the others
            log.exception("job %s failed; it runs again at its next time", name)
            error = f"{type(fault).__name__}: {fault}"
        self._note(name, started, time.monotonic() - began, error)

    def _note(self, name: str, started: datetime, seconds: float, error: str | None) -> None:
        """Keep that a job ran; a database that does not take it is no reason to stop."""
        row = {
            "run_id": row_id(name, self.holder, started),
            "job": name,
            "started": started,
            "holder": self.holder,
            "seconds": seconds,
            "outcome": "done" if error is None else "failed",
            "error": None if error is None else redact_text(error)[:LONGEST_ERROR],
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(sa.insert(JOB_RUN), [row])
        except (StorageError, SQLAlchemyError) as refusal:
            log.warning("the run of job %s could not be noted (%s)", name, type(refusal).__name__)

    def work(self) -> None:
        """Run until `stop`."""
        self._scheduler.add_job(
            self.tend, "interval", seconds=RENEW_EVERY_S, id="lease", next_run_time=datetime.now(UTC), max_instances=2
        )
        for name, (_, every) in self._jobs.items():
            seconds = every.total_seconds()
            # However late: a machine that slept at a daily job's hour does it once it is awake.
            late = {"coalesce": True, "misfire_grace_time": None}
            self._scheduler.add_job(self.run, "interval", args=[name], seconds=seconds, id=name, **late)
        self._scheduler.start()

    def stop(self) -> None:
        """End `work` and give the lease back, so that the next worker need not wait for it to run out."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self.leading:
            self.leading = False
            lease.release(self._engine, LEASE, self.holder)
