"""`routescope drift`: compare each model's week with the weeks before."""

from __future__ import annotations

import json
import sys
import time
from typing import NoReturn

import click

from app.settings import Settings
from telemetry.drift.run import DriftReport, run_drift
from telemetry.drift.weeks import label_of, parse_week
from telemetry.errors import StorageError, TelemetryError
from telemetry.storage.engine import open_engine

_DATABASE = click.option("--db", "database_url", metavar="URL", help="The database, as sqlite:///PATH.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a run on stdout.")


@click.group()
def drift() -> None:
    """Find models that changed: weekly statistics of latency, length, cost, scores and failures."""


@drift.command("run", epilog="Example: routescope drift run --week 2026-W47 --json")
@click.option("--week", metavar="WEEK", help="Only this ISO week, as 2026-W47.")
@click.option("--all", "all_weeks", is_flag=True, help="Every week that has rows.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Only this model; may be repeated.")
@_JSON
@_DATABASE
def run(week: str | None, all_weeks: bool, models: tuple[str, ...], as_json: bool, database_url: str | None) -> None:
    """Compare once. Without --week or --all: the present week, the one before, and those not done yet."""
    if week is not None and all_weeks:
        raise click.UsageError("give --week or --all, not both")
    _show(_compare(week, all_weeks, models, database_url), as_json)


@drift.command("watch", epilog="Example: routescope drift watch --every 3600")
@click.option("--every", default=3600.0, show_default=True, type=click.FloatRange(min=1), help="Seconds between runs.")
@_JSON
@_DATABASE
def watch(every: float, as_json: bool, database_url: str | None) -> None:
    """Compare again and again, until Ctrl-C."""
    try:
        while True:
            _show(_compare(None, False, (), database_url), as_json)
            time.sleep(every)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _compare(week: str | None, all_weeks: bool, models: tuple[str, ...], database_url: str | None) -> DriftReport:
    try:
        monday = None if week is None else parse_week(week)
        engine = open_engine(Settings.read(database_url=database_url).database_url)
        try:
            return run_drift(engine, week=monday, all_weeks=all_weeks, models=models or None)
        finally:
            engine.dispose()
    except StorageError as error:
        _fail(str(error), 1)
    except TelemetryError as error:
        _fail(str(error), 2)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


def _show(report: DriftReport, as_json: bool) -> None:
    drifted = report.drifted
    if as_json:
        click.echo(json.dumps(_as_json(report)))
    for finding in drifted:
        assert finding.comparison is not None and finding.q is not None
        label = " (simulated)" if finding.subject.simulated else ""
        if not as_json:
            click.echo(
                f"{label_of(finding.week)}  {finding.subject.model}{label}  {finding.metric.name}  "
                f"{finding.comparison.effect_name} {finding.comparison.effect:.2f} "
                f"(threshold {finding.threshold:g}), q {finding.q:.1e}"
            )
    click.echo(
        f"{len(report.weeks)} weeks, {report.cells} model weeks, {report.tested} tests, "
        f"{len(drifted)} changes, {report.seconds:.1f} s",
        err=True,
    )


def _as_json(report: DriftReport) -> dict[str, object]:
    return {
        "run_id": report.run_id,
        "weeks": [label_of(week) for week in report.weeks],
        "tested": report.tested,
        "seconds": report.seconds,
        "drifted": [
            {
                "week": label_of(finding.week),
                "model": finding.subject.model,
                "simulated": finding.subject.simulated,
                "metric": finding.metric.name,
                "effect_name": None if finding.comparison is None else finding.comparison.effect_name,
                "effect": None if finding.comparison is None else finding.comparison.effect,
                "threshold": finding.threshold,
                "q": finding.q,
                "n": finding.n,
                "n_reference": finding.n_reference,
            }
            for finding in report.drifted
        ],
    }
