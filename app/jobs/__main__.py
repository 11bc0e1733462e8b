"""``python -P -m app.jobs [--with-parent]``: the jobs worker as the launcher starts it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from datetime import timedelta
from functools import partial

from app.jobs import inventory, retention
from app.jobs.scheduler import Job, Worker
from app.jobs.weekly_drift import EVERY, weekly_drift
from app.parent import end_with_parent
from app.settings import Settings
from telemetry.errors import StorageError
from telemetry.storage.engine import open_engine


def main(arguments: list[str]) -> int:
    """Work until SIGTERM, SIGINT or, with a parent, until that one ends."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    logging.basicConfig(level=logging.WARNING, format="jobs: %(message)s", stream=sys.stderr)
    settings = Settings.read()
    try:
        engine = open_engine(settings.database_url)
    except StorageError as error:
        print(f"routescope jobs: {error}", file=sys.stderr)
        return 1
    prune = partial(retention.prune_by_policy, policy=settings.policy)
    jobs: dict[str, tuple[Job, timedelta]] = {
        "drift": (weekly_drift, EVERY),
        "retention": (prune, retention.EVERY),
        "inventory": (inventory.note_table_sizes, inventory.EVERY),
    }
    worker = Worker(engine, jobs)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if "--with-parent" in arguments:
        end_with_parent()
    threading.Thread(target=worker.work, name="jobs", daemon=True).start()
    stopping.wait()
    worker.stop()
    # A job may be in the middle of a long computation; what it writes, it writes in one transaction or not at all.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
