"""``routescope evaluate``: judge what is new now, look at what waits, check that everybody who judges can."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.options import database_option, json_option
from app.settings import Settings
from router_core.errors import PolicyError
from router_core.policy.loading import LoadedPolicy, load_policy
from telemetry.storage.engine import open_engine, open_reader

_policy = click.option("--policy", type=click.Path(path_type=Path), help="Policy file.")


@click.group(epilog="Example: routescope evaluate run")
def evaluate() -> None:
    """Judge answers that were given: a sample, escalated ones, low scores; and shadow calls."""


@evaluate.command(epilog="Example: routescope evaluate run --since 2026-11-16")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Look at all decisions from that UTC day on.")
@click.option("--route", "routes", multiple=True, help="The only route; may be given several times.")
@click.option("--limit", default=500, show_default=True, type=click.IntRange(1), help="Most answers of a route.")
@database_option
@_policy
@json_option
def run(
    since: datetime | None,
    routes: tuple[str, ...],
    limit: int,
    database_url: str | None,
    policy: Path | None,
    as_json: bool,
) -> None:
    """One round, through the running gateway, within the day's budget. Doing it twice judges nothing twice."""
    from app.evaluating.round import Round, counts
    from app.jobs.errand import Errands
    from app.jobs.evaluating import events_sent

    settings, loaded = _settings(policy, database_url)
    _check(routes, loaded)
    engine = open_engine(settings.database_url)
    start = None if since is None else since.replace(tzinfo=UTC)
    with events_sent(loaded):
        report = Round(engine, loaded, Errands.of(settings)).run(since=start, limit=limit, routes=routes)
    if as_json:
        click.echo(json.dumps(counts(report)))
    for note in report.notes:
        click.echo(note, err=True)
    for why, number in report.why.most_common():
        click.echo(f"{number:,}: {why}", err=True)
    words = f"{report.picked:,} picked, {report.judged:,} judged ({report.no_verdict:,} without a verdict)"
    rest = f"{report.left_out:,} left out, {report.failed:,} failed, {report.waiting:,} waiting"
    click.echo(f"{words}, {report.shadowed:,} shadow calls, {rest}; ${report.cost_nano / 1e9:.4f}", err=True)
    sys.exit(1 if report.failed else 0)


@evaluate.command(epilog="Example: routescope evaluate status --json")
@database_option
@_policy
@json_option
def status(database_url: str | None, policy: Path | None, as_json: bool) -> None:
    """What waits, what was done and what it cost, by route and evaluator."""
    from telemetry.query.evaluation_work import work

    settings, _ = _settings(policy, database_url)
    rows = work(open_reader(settings.database_url))
    if as_json:
        click.echo(json.dumps([_document(row) for row in rows]))
    for row in rows:
        states = ", ".join(f"{number:,} {state}" for state, number in row.states.items())
        click.echo(f"{row.route}, {row.kind} {row.name}: {states}; ${row.cost_nano / 1e9:.4f}", err=True)
    if not rows:
        click.echo("nothing was picked yet; give the policy an [evaluation] section (docs/evaluation.md)", err=True)


@evaluate.command(epilog="Example: routescope evaluate check --policy my-policy.toml")
@_policy
@json_option
def check(policy: Path | None, as_json: bool) -> None:
    """Whether all evaluators of a policy can be made: rubrics, reference answers, validators."""
    from app.evaluating.build import build_evaluators
    from app.jobs.errand import Errands

    settings, loaded = _settings(policy, None)
    try:
        made = build_evaluators(loaded, Errands.of(settings))
    except PolicyError as error:
        if as_json:
            click.echo(json.dumps({"valid": False, "faults": [str(fault) for fault in error.faults]}))
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"valid": True, "evaluators": sorted(made)}))
    names = ", ".join(sorted(made)) or "none"
    click.echo(f"{settings.policy}: {len(made)} evaluators can judge ({names})", err=True)


def _check(routes: tuple[str, ...], loaded: LoadedPolicy) -> None:
    judged = loaded.policy.evaluation.routes
    for route in routes:
        if route not in judged:
            known = f"it judges {', '.join(sorted(judged))}" if judged else "it judges none"
            raise click.UsageError(f"the policy has no [evaluation.routes.{route}]; {known}")


def _settings(policy: Path | None, database_url: str | None) -> tuple[Settings, LoadedPolicy]:
    """Settings of this call and the policy; its own database counts below flag and environment."""
    settings = Settings.read(policy=policy, database_url=database_url)
    loaded = load_policy(settings.policy)
    own = loaded.policy.telemetry.database_url
    return Settings.read(policy=policy, database_url=database_url, policy_database_url=own), loaded


def _document(row: Any) -> dict[str, object]:
    fields = ("route", "kind", "name", "states", "cost_nano", "oldest_waiting")
    values = {name: getattr(row, name) for name in fields}
    return {**values, "oldest_waiting": None if row.oldest_waiting is None else row.oldest_waiting.isoformat()}
