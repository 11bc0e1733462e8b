"""Whether decisions can be kept, and whether somebody does what has to be done to them day by day."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app import units
from app.doctor.check import Check
from telemetry.errors import OlderSchema, StorageError
from telemetry.query import pipeline
from telemetry.storage.address import shown
from telemetry.storage.engine import database_path, open_reader, reading, writing_refused

IDLE: Final = timedelta(days=2)
"""Jobs run every day: after so long without one, nobody runs them."""


def database(url: str) -> Check:
    """Whether the database opens, has our schema and can be written. Makes and changes nothing."""
    try:
        path = database_path(url)
        if path is not None and not path.exists():
            return _folder_for(path)
        with reading(open_reader(url)) as connection:
            connection.exec_driver_sql("SELECT 1")
    except OlderSchema as error:
        return Check("database", "warn", str(error))
    except StorageError as error:
        return Check("database", "fail", str(error))
    if path is None:
        return _server(url)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=2)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.rollback()
    except sqlite3.Error as error:
        remedy = "end what holds it, mend its permissions, or name another with ROUTESCOPE_DATABASE_URL"
        return Check("database", "fail", f"{path} cannot be written ({error})", remedy)
    return Check("database", "ok", f"{path} can be read and written")


def _server(url: str) -> Check:
    try:
        refused = writing_refused(url)
    except StorageError as error:
        return Check("database", "fail", str(error))
    if refused is not None:
        return Check("database", "fail", f"{shown(url)} cannot be written: {refused}", "ask who runs the server")
    return Check("database", "ok", f"{shown(url)} can be read and written")


def _folder_for(path: Path) -> Check:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Check("database", "ok", f"{path} will be made at the first start")
    remedy = "set ROUTESCOPE_HOME to a folder of yours"
    return Check("database", "fail", f"{path} cannot be made: {folder} is not writable", remedy)


def jobs(url: str, now: datetime | None = None) -> list[Check]:
    """Whether the daily jobs have run lately, and whether the last run of each went well."""
    now = now or datetime.now(UTC)
    path = database_path(url)
    if path is not None and not path.exists():
        return []
    try:
        state = pipeline.jobs(open_reader(url), now=now)
    except (OlderSchema, StorageError):
        return []  # said by `database`
    failed = [
        Check(
            "jobs", "warn", f"{job.job} failed on {units.when(job.started)} UTC", "see the Pipeline page for its error"
        )
        for job in state.jobs
        if job.outcome == "failed"
    ]
    last = max((job.started for job in state.jobs), default=None)
    if last is None:
        return [Check("jobs", "ok", "none has run yet; `routescope up` runs them")]
    if now - last > IDLE:
        remedy = "let `routescope up` run, or start `python -P -m app.jobs`"
        return [*failed, Check("jobs", "warn", f"none has run since {units.when(last)} UTC", remedy)]
    return [*failed, Check("jobs", "ok", f"the last ran on {units.when(last)} UTC")]
