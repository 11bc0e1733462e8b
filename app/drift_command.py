"""``routescope drift``: compare the weeks of each model now, or keep doing so; reports, baselines and canaries."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app import drift_words
from app.canary.command import canary
from app.options import database_option, json_option
from app.settings import Settings
from telemetry.drift.weeks import label_of, parse_week
from telemetry.query import drift as found
from telemetry.storage.engine import open_engine, open_reader

if TYPE_CHECKING:
    import sqlalchemy as sa

    from telemetry.drift.run import DriftReport


@click.group(epilog="Example: routescope drift run --all")
def drift() -> None:
    """Find which model changed, in which week, in what, by how much, and why."""


drift.add_command(canary)


@drift.command(epilog="Example: routescope drift run --week 2026-W47 --model gpt-5-mini")
@click.option("--week", help="The only week, as 2026-W47.")
@click.option("--all", "all_weeks", is_flag=True, help="Every week that has traffic.")
@click.option("--model", "models", multiple=True, help="The only models; may be given several times.")
@click.option("--again", is_flag=True, help="Compare weeks also when nothing has changed since.")
@database_option
@json_option
def run(
    week: str | None, all_weeks: bool, models: tuple[str, ...], again: bool, database_url: str | None, as_json: bool
) -> None:
    """Compare weeks with those before them, and store what was found. Doing it twice changes nothing."""
    monday = None if week is None else parse_week(week)
    if monday is not None and all_weeks:
        raise click.UsageError("--week and --all do not go together; give one of them")
    from telemetry.drift.baseline import lost_weeks
    from telemetry.drift.run import run_drift

    engine = open_engine(Settings.read(database_url=database_url).database_url)
    report = run_drift(engine, week=monday, all_weeks=all_weeks, models=models or None, again=again)
    drifted = found.findings(engine, weeks=report.weeks, models=models) if report.weeks else []
    if as_json:
        click.echo(json.dumps(_document(report, drifted), default=str))
    for one in drifted:
        click.echo(drift_words.line(one), err=True)
    for model, pinned in lost_weeks(engine).items():
        click.echo(drift_words.lost(model, pinned), err=True)
    words = f"{report.cells} weeks of models compared, {report.tested} metrics tested, {len(drifted)} changed"
    left = len(report.weeks) - len(report.compared)
    same = f"; {left} of {len(report.weeks)} weeks had nothing new" if left else ""
    click.echo(f"{words}{same}; {report.seconds:.1f} s", err=True)


@drift.command(epilog="Example: routescope drift watch --every 6")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(min=0.01), help="Hours between runs.")
@database_option
def watch(every: float, database_url: str | None) -> None:
    """Keep the weeks compared and the canaries sent until Ctrl-C; one worker at a time holds the lease."""
    from app.jobs.canaries import weekly_canaries
    from app.jobs.scheduler import Worker
    from app.jobs.weekly_drift import weekly_drift

    settings = Settings.read(database_url=database_url)
    engine = open_engine(settings.database_url)
    jobs = {
        "drift": (partial(weekly_drift, settings=settings), timedelta(hours=every)),
        "canaries": (partial(weekly_canaries, settings=settings), timedelta(hours=every)),
    }
    worker = Worker(engine, jobs)
    click.echo(f"comparing weeks every {every:g} h; Ctrl-C stops", err=True)
    try:
        worker.work()
    except (KeyboardInterrupt, SystemExit):
        click.echo("stopped", err=True)
    finally:
        worker.stop()


@drift.command(epilog="Example: routescope drift baseline 2026-W40 --model gpt-5-mini")
@click.argument("week", required=False)
@click.option("--model", default="", help="For this model; without it, for all that have none of their own.")
@click.option("--clear", is_flag=True, help="Forget the pinned week.")
@database_option
@json_option
def baseline(week: str | None, model: str, clear: bool, database_url: str | None, as_json: bool) -> None:
    """Pin a week that all later ones are compared with, or show which ones are pinned."""
    from telemetry.drift.baseline import pin, unpin

    if clear and week is not None:
        raise click.UsageError("--clear forgets what is pinned; give it no week")
    engine = open_engine(Settings.read(database_url=database_url).database_url)
    whom = model or "all models"
    if week is not None:
        pin(engine, parse_week(week), model)
        click.echo(f"{week.upper()} is pinned for {whom}; compare with it by: routescope drift run --all", err=True)
    elif clear:
        told = "no longer pinned" if unpin(engine, model) else "nothing was pinned"
        click.echo(f"{told} for {whom}", err=True)
    pinned = found.baselines(engine)
    if as_json:
        click.echo(json.dumps({name: label_of(monday) for name, monday in pinned.items()}))
    elif week is None and not clear:
        for name, monday in pinned.items() or ():
            click.echo(f"{label_of(monday)} {name or 'all models'}", err=True)
        if not pinned:
            click.echo("no week is pinned; pin one with: routescope drift baseline 2026-W40", err=True)


@drift.command(epilog="Example: routescope drift report --week 2026-W47 --model gpt-5-mini --out drift.html")
@click.option("--week", required=True, help="The week, as 2026-W47.")
@click.option("--model", help="The model; without it, every model that drifted in the week.")
@click.option("--simulated", is_flag=True, help="Of the demo's traffic.")
@click.option("--canaries", is_flag=True, help="Of canaries instead of what users asked.")
@click.option("--due", is_flag=True, help="Only those that are not there, or a day old.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; by default in the home folder.")
@database_option
@json_option
def report(
    week: str,
    model: str | None,
    simulated: bool,
    canaries: bool,
    due: bool,
    out: Path | None,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Write Evidently's own report of a model's week: one HTML file that needs no network."""
    if out is not None and model is None:
        raise click.UsageError("--out is the file of one report; name the --model")
    monday = parse_week(week)
    settings = Settings.read(database_url=database_url)
    reader = open_reader(settings.database_url)
    subjects = [(model, simulated, "canary" if canaries else "user")] if model else _drifted(reader, monday)
    files = []
    for name, made_up, purpose in subjects:
        from telemetry.drift.evidently import Subtitle, write_report
        from telemetry.drift.windows import Subject

        subtitle = Subtitle(monday, Subject(name, made_up, "canary" if purpose == "canary" else "user"))
        if due and subtitle.is_fresh(settings.home):
            continue
        try:
            files.append(write_report(reader, subtitle, out or subtitle.file_in(settings.home)))
        except OSError as error:
            raise click.ClickException(
                f"the report cannot be written ({(error.strerror or 'refused').lower()})"
            ) from None
        click.echo(f"{name}: {files[-1]}", err=True)
    if as_json:
        click.echo(json.dumps([str(path) for path in files]))
    if not files:
        click.echo(f"nothing drifted in {label_of(monday)}; name a --model to have its report all the same", err=True)


def _drifted(reader: sa.Engine, monday: date) -> list[tuple[str, bool, str]]:
    """Whose weeks drifted, users' and canaries'."""
    moved = found.findings(reader, weeks=[monday], purpose=None)
    return sorted({(one.model, one.simulated, str(one.purpose)) for one in moved})


def _document(report: DriftReport, drifted: list[found.DriftFinding]) -> dict[str, object]:
    return {
        "run_id": report.run_id,
        "seconds": report.seconds,
        "weeks": [label_of(week) for week in report.weeks],
        "compared": [label_of(week) for week in report.compared],
        "cells": report.cells,
        "tested": report.tested,
        "drifted": [asdict(finding) for finding in drifted],
    }
