"""The drift of each model's weeks, kept up to date, and Evidently's reports of what drifted."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, Settings
from telemetry.drift.weeks import WEEK, label_of, monday_of
from telemetry.errors import DriftAtWork
from telemetry.query.drift import findings, heatmap

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(hours=1)
REPORTED_WEEKS = 2
"""The latest ones of which reports are made by themselves; of older ones somebody has to ask."""
KEPT_WEEKS = 12
"""Of which reports are kept, of 4.5 MB each; older ones can be made again."""
PATIENCE_S = 900


def weekly_drift(engine: sa.Engine, *, settings: Settings | None = None) -> None:
    """Compare the present week, the last one, and every older one that has not been looked at.

    Args:
        engine: one that may write.
        settings: say where reports go; without them there are none.
    """
    from telemetry.drift.evidently import prune_reports
    from telemetry.drift.run import run_drift

    try:
        report = run_drift(engine)
    except DriftAtWork as other:
        log.info("drift: %s", other)
        return
    log.info("drift: %d weeks compared, %d changes, %.1f s", len(report.compared), len(report.drifted), report.seconds)
    if settings is not None:
        _write_reports(engine, report.compared[-REPORTED_WEEKS:], settings)
        oldest = monday_of(datetime.now(UTC)) - WEEK * KEPT_WEEKS
        prune_reports(settings.home, oldest, simulated=bool(heatmap(engine, simulated=True)))


def _write_reports(engine: sa.Engine, weeks: Sequence[date], settings: Settings) -> None:
    """In a child, since evidently would stay in this process's memory for ever."""
    environment = {**os.environ, DATABASE_VARIABLE: settings.database_url, HOME_VARIABLE: str(settings.home)}
    for week in weeks:
        if not findings(engine, weeks=[week], purpose=None):
            continue
        command = [sys.executable, "-P", "-m", "app.cli", "drift", "report", "--due", "--week", label_of(week)]
        done = subprocess.run(  # noqa: S603 (our own command)
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
        )
        if done.returncode:
            log.warning("no reports of %s: %s", label_of(week), done.stderr.strip().splitlines()[-1:] or "no reason")
