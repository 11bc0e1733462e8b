"""The drift of each model's weeks, kept up to date."""

from __future__ import annotations

import logging
from datetime import timedelta

import sqlalchemy as sa

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(hours=1)


def weekly_drift(engine: sa.Engine) -> None:
    """Compare the present week, the last one, and every older one that has not been looked at."""
    # evidently takes 10 s to import: only the worker that holds the lease pays for it, and only when it has work.
    from telemetry.drift.run import run_drift

    report = run_drift(engine)
    log.info("drift: %d cells, %d changes, %.1f s", report.cells, len(report.drifted), report.seconds)
