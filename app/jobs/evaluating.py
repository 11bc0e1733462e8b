"""Answers are judged all the time: every few minutes what is new is picked, repeated and judged."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from app.settings import Settings
from router_core.policy.loading import LoadedPolicy, load_policy

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(minutes=5)
ROUND = timedelta(minutes=4)
"""A round begins no further answer after that; the next one goes on."""


def evaluate(
    engine: sa.Engine, *, policy: Path, settings: Settings, stopping: Callable[[], bool] = lambda: False
) -> None:
    """One round under the policy file as it is now.

    Args:
        stopping: whether the worker is to end; then the round ends after the present answer.

    Raises:
        PolicyError: the policy, a rubric or a reference cannot be used; nothing is judged.
        StorageError
    """
    loaded = load_policy(policy)
    if not loaded.policy.evaluation.routes:
        return
    from app.evaluating.round import Round
    from app.jobs.errand import Errands

    until = time.monotonic() + ROUND.total_seconds()
    with events_sent(loaded):
        errands = Errands.of(settings)
        report = Round(engine, loaded, errands, stopping=lambda: stopping() or time.monotonic() > until).run()
    for note in report.notes:
        log.warning("evaluation: %s", note)
    log.info(
        "evaluation: %d picked, %d judged (%d without a verdict), %d shadow calls, %d left out, %d failed, %d waiting",
        *(report.picked, report.judged, report.no_verdict, report.shadowed),
        *(report.left_out, report.failed, report.waiting),
    )


@contextmanager
def events_sent(loaded: LoadedPolicy) -> Iterator[None]:
    """Verdicts go to the collector that the policy and the environment name, if events are wanted, during the block."""
    entry = loaded.policy.telemetry.otlp
    if entry is None and not any(name.startswith("OTEL_EXPORTER_OTLP_") for name in os.environ):
        yield
        return
    # Encoders take a tenth of a second to import, and few need them.
    from app.collector import outlets
    from router_core.redaction import redact_text
    from telemetry.collector_signals import LogSender

    collector = outlets(entry, os.environ).get("logs")
    if collector is None:
        yield
        return
    told = logging.getLogger("routescope.evaluation")
    sender, level = LogSender(collector, redact_text), told.level
    told.addHandler(sender)
    told.setLevel(logging.INFO)
    try:
        yield
    finally:
        told.removeHandler(sender)
        told.setLevel(level)
        sender.close()
