"""``python -P -m app.jobs [--with-parent] [--log-format json] [--log-file FILE]``: the jobs worker as it is started."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

from app.jobs import alerting, canaries, evaluating, inventory, retention
from app.jobs.alerting import Alerting
from app.jobs.scheduler import Job, Worker
from app.jobs.weekly_drift import EVERY, weekly_drift
from app.log_output import LogFormat, LogOutput
from app.own_secrets import key_redactor
from app.parent import end_with_parent
from app.settings import Settings
from telemetry.errors import StorageError
from telemetry.storage.engine import open_engine


def main(arguments: list[str]) -> int:
    """Work until SIGTERM, SIGINT or, with a parent, until that one ends."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    options = _options(arguments)
    settings = Settings.read()
    try:
        engine = open_engine(settings.database_url)
    except StorageError as error:
        print(f"routescope jobs: {error}", file=sys.stderr)
        return 1
    if options.log_format == "json" or options.log_file is not None:
        form: LogFormat = "json" if options.log_format == "json" else "text"
        LogOutput(form, options.log_file, key_redactor(os.environ)).__enter__()
    else:
        logging.basicConfig(level=logging.WARNING, format="jobs: %(message)s", stream=sys.stderr)
    stopping = threading.Event()
    prune = partial(retention.prune_by_policy, policy=settings.policy)
    judge = partial(evaluating.evaluate, policy=settings.policy, settings=settings, stopping=stopping.is_set)
    jobs: dict[str, tuple[Job, timedelta]] = {
        # First: the others may take minutes when the worker begins.
        "alerts": (Alerting(engine, settings.policy, settings.home).job, alerting.EVERY),
        "drift": (partial(weekly_drift, settings=settings), EVERY),
        "retention": (prune, retention.EVERY),
        "inventory": (inventory.note_table_sizes, inventory.EVERY),
        # Last: they wait for models.
        "canaries": (partial(canaries.weekly_canaries, settings=settings), canaries.EVERY),
        "evaluation": (judge, evaluating.EVERY),
    }
    worker = Worker(engine, jobs)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if options.with_parent:
        end_with_parent()
    threading.Thread(target=worker.work, name="jobs", daemon=True).start()
    stopping.wait()
    worker.stop()
    # A job may be in the middle of a long computation; what it writes, it writes in one transaction or not at all.
    os._exit(0)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("routescope jobs")
    parser.add_argument("--with-parent", action="store_true")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument("--log-file", type=Path)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
