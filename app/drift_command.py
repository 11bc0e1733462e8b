"""``routescope drift``: compare the weeks of each model now, or keep doing so."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from app.settings import Settings
from telemetry.drift.weeks import label_of, parse_week
from telemetry.storage.engine import open_engine

if TYPE_CHECKING:
    from telemetry.drift.run import DriftReport

_database = click.option("--db", "database_url", help="Database, as sqlite:///FILE or postgresql://HOST/NAME.")


@click.group(epilog="Example: routescope drift run --all")
def drift() -> None:
    """Find which model changed, in which week, in what, and by how much."""


@drift.command(epilog="Example: routescope drift run --week 2026-W47 --model gpt-5-mini")
@click.option("--week", help="The only week, as 2026-W47.")
@click.option("--all", "all_weeks", is_flag=True, help="Every week that has traffic.")
@click.option("--model", "models", multiple=True, help="The only models; may be given several times.")
@_database
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def run(week: str | None, all_weeks: bool, models: tuple[str, ...], database_url: str | None, as_json: bool) -> None:
    """Compare weeks with the four before them, and store what was found. Doing it twice changes nothing."""
    monday = None if week is None else parse_week(week)
    if monday is not None and all_weeks:
        raise click.UsageError("--week and --all do not go together; give one of them")
    from telemetry.drift.run import run_drift

    engine = open_engine(Settings.read(database_url=database_url).database_url)
    report = run_drift(engine, week=monday, all_weeks=all_weeks, models=models or None)
    if as_json:
        click.echo(json.dumps(_document(report), default=str))
    for finding in report.drifted:
        place = f"{label_of(finding.week)} {finding.subject.model}"
        marked = " (simulated)" if finding.subject.simulated else ""
        click.echo(f"{place}{marked}: {finding.metric.name} moved, {finding.ratio:.1f} x the threshold", err=True)
    words = f"{report.cells} weeks of models, {report.tested} metrics tested, {len(report.drifted)} changed"
    click.echo(f"{words}; {report.seconds:.1f} s", err=True)


@drift.command(epilog="Example: routescope drift watch --every 6")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(min=0.01), help="Hours between runs.")
@_database
def watch(every: float, database_url: str | None) -> None:
    """Keep the weeks compared until Ctrl-C; one worker at a time holds the lease."""
    from app.jobs.scheduler import Worker
    from app.jobs.weekly_drift import weekly_drift

    engine = open_engine(Settings.read(database_url=database_url).database_url)
    worker = Worker(engine, {"drift": (weekly_drift, timedelta(hours=every))})
    click.echo(f"comparing weeks every {every:g} h; Ctrl-C stops", err=True)
    try:
        worker.work()
    except (KeyboardInterrupt, SystemExit):
        click.echo("stopped", err=True)
    finally:
        worker.stop()


def _document(report: DriftReport) -> dict[str, object]:
    return {
        "run_id": report.run_id,
        "seconds": report.seconds,
        "weeks": [label_of(week) for week in report.weeks],
        "cells": report.cells,
        "tested": report.tested,
        "drifted": [asdict(finding) for finding in report.drifted],
    }
