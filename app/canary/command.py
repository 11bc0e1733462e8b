"""``routescope drift canary``: the file of prompts, and sending it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from app.canary.prompts import MIN_CALLS, CanaryError, CanarySet, example, file_of, read_set
from app.options import database_option, json_option
from app.settings import Settings
from telemetry.storage.engine import open_engine

_file = click.option(
    *("--file", "path"), type=click.Path(path_type=Path), help="The file; by default canary.toml in the home folder."
)


@click.group(epilog="Example: routescope drift canary init")
def canary() -> None:
    """The same prompts every week to every model: what changes then is the model."""


@canary.command(epilog="Example: routescope drift canary init")
def init() -> None:
    """Put an example into the home folder; from then on the jobs worker sends it once a week."""
    path = file_of(Settings.read())
    if path.exists():
        raise click.ClickException(f"{path} is there already; change it, or remove it first")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(example().read_bytes())
    click.echo(f"{path}: {_told(read_set(path))}", err=True)


@canary.command(epilog="Example: routescope drift canary check --file prompts.jsonl")
@_file
@json_option
def check(path: Path | None, as_json: bool) -> None:
    """Say whether a file of canaries can be used, and what it costs in calls."""
    canaries = _read(path)
    if as_json:
        prompts = [prompt.name for prompt in canaries.prompts]
        calls = len(canaries.calls())
        click.echo(json.dumps({"prompts": prompts, "repeats": canaries.repeats, "calls_per_model": calls}))
    click.echo(_told(canaries), err=True)


@canary.command(epilog="Example: routescope drift canary send")
@_file
@database_option
@json_option
def send(path: Path | None, database_url: str | None, as_json: bool) -> None:
    """Send what is left of this week's canaries through the running gateway."""
    from app.canary.sending import send as send_all
    from app.dashboard.gateway_client import Gateway
    from app.jobs.errand import Errands

    settings = Settings.read(database_url=database_url)
    canaries = _read(path)
    engine = open_engine(settings.database_url)
    told = send_all(engine, canaries, Errands.of(settings), Gateway(settings.gateway_url))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in told]))
    for one in told:
        refused = f", {one.refused} refused" if one.refused else ""
        why = "" if one.why is None else f"; {one.why}"
        click.echo(f"{one.model}: {one.before + one.asked} of {one.of} sent{refused}{why}", err=True)


def _read(path: Path | None) -> CanarySet:
    try:
        return read_set(path or file_of(Settings.read()))
    except CanaryError as error:
        remedy = "" if path else "; make one with: routescope drift canary init"
        raise click.UsageError(f"{error}{remedy if 'cannot be read' in str(error) else ''}") from None


def _told(canaries: CanarySet) -> str:
    calls = len(canaries.calls())
    few = "" if canaries.enough else f"; at least {MIN_CALLS} are needed before anything can be told from chance"
    return f"{len(canaries.prompts)} prompts, {calls} calls of each model a week{few}"
