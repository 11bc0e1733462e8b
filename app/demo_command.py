"""``routescope demo``: write simulated history, or remove it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import datetime
from typing import Final

import click

from app import demo as history
from app.demo import DEFAULT_REQUESTS, DEFAULT_SEED, DEFAULT_WEEKS
from app.demo_alerts import alert_history
from app.demo_evaluations import write_evaluations
from app.demo_progress import DemoProgress, tell
from app.options import database_option, json_option
from app.settings import Settings
from router_core.errors import RouteScopeError
from telemetry.errors import TelemetryError
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine

PATIENCE_S: Final = 120.0
"""For which a drift run of the jobs worker is waited for."""


@click.command(epilog="Example: routescope demo --weeks 8 --requests 20000 --seed 7")
@click.option("--weeks", default=DEFAULT_WEEKS, show_default=True, type=click.IntRange(2, 104))
@click.option("--requests", "count", default=DEFAULT_REQUESTS, show_default=True, type=click.IntRange(1, 5_000_000))
@click.option("--seed", default=DEFAULT_SEED, show_default=True, help="The same seed tells the same story.")
@click.option("--clear", is_flag=True, help="Remove all simulated rows, and only those.")
@database_option
@json_option
def demo(weeks: int, count: int, seed: int, clear: bool, database_url: str | None, as_json: bool) -> None:
    """Write labelled, simulated history through the real router, and look for drift in it."""
    settings = Settings.read(database_url=database_url)
    if clear:
        removed = history.clear(open_engine(settings.database_url))
        if as_json:
            click.echo(json.dumps({"removed": removed}))
        click.echo(f"{removed:,} simulated decisions removed", err=True)
        return
    try:
        document = _write(settings, weeks, count, seed)
    except (RouteScopeError, TelemetryError) as error:
        tell(settings, DemoProgress(0, count, "failed", str(error)))
        raise
    if as_json:
        click.echo(json.dumps(document, default=_plain))


def _write(settings: Settings, weeks: int, count: int, seed: int) -> dict[str, object]:
    began = time.perf_counter()
    telemetry = Telemetry.open(settings.database_url, home=settings.home, durability="async")

    def on_progress(done: int, total: int) -> None:
        tell(settings, DemoProgress(done, total, "writing"))
        if sys.stderr.isatty():
            click.echo(f"\r{done:>7,} of {total:,} simulated requests", nl=False, err=True)

    try:
        summary = history.write_history(telemetry, weeks=weeks, count=count, seed=seed, on_progress=on_progress)
        judged = write_evaluations(telemetry, seed)
    finally:
        kept = telemetry.close(history.CLOSE_TIMEOUT_S)
    written_s = time.perf_counter() - began
    newline = "\r" if sys.stderr.isatty() else ""
    click.echo(f"{newline}{summary.requests:,} simulated requests written in {written_s:.1f} s", err=True)
    click.echo(f"evaluation: {judged:,} simulated verdicts", err=True)
    if not kept:
        click.echo("not all of them are in the database yet; they are on the spool", err=True)
    tell(settings, DemoProgress(summary.requests, summary.requests, "drift"))
    # scipy takes half a second to import; by now there is something for it to do.
    from telemetry.drift.run import run_drift

    report = run_drift(open_engine(settings.database_url), all_weeks=True, wait_s=PATIENCE_S)
    click.echo(
        f"drift: {report.cells} weeks of models, {len(report.drifted)} changes, {report.seconds:.1f} s", err=True
    )
    fired = alert_history(open_engine(settings.database_url), summary.first)
    click.echo(f"alerts: the built-in rules would have fired {fired} times", err=True)
    tell(settings, DemoProgress(summary.requests, summary.requests, "finished"))
    return {
        **asdict(summary),
        "written_s": written_s,
        "verdicts": judged,
        "drift_s": report.seconds,
        "changes": len(report.drifted),
        "alerts": fired,
    }


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
