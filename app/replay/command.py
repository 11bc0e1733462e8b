"""``routescope replay``: what a policy would have answered to the prompts of a log, and for how much."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.replay.log import ReplayLog
    from app.replay.policy import ReplayPlan
    from app.replay.report import Report
    from app.replay.run import Replayed


@click.command(epilog="Example: routescope replay answers.parquet --limit 500 --sweep")
@click.argument("log_file", metavar="LOG", type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="Policy; default: a cascade of the log's own models.")
@click.option("--route", help="Route; default: the policy's default route.")
@click.option("--cheap", multiple=True, metavar="MODEL", help="Without a policy: asked first, and probes; give two.")
@click.option("--strong", metavar="MODEL", help="Without a policy: asked when the cheap ones do not agree.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many prompts, drawn by chance.")
@click.option("--seed", default=0, show_default=True, help="Of everything that chance decides.")
@click.option("--sweep", is_flag=True, help="The whole cost-quality curve as well.")
@click.option("--record", is_flag=True, help="Store the decisions, marked as simulated.")
@click.option("--db", "database_url", help="Database for --record, as sqlite:///FILE or postgresql://HOST/NAME.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def replay(
    log_file: Path,
    policy: Path | None,
    route: str | None,
    cheap: tuple[str, ...],
    strong: str | None,
    limit: int | None,
    seed: int,
    sweep: bool,
    record: bool,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Route each prompt of LOG with its logged answers: accuracy, cost and escalations, beside single models.

    LOG is Parquet, CSV or JSONL with the columns prompt, model, score (0 to 1), and if known prompt_id, dataset,
    cost_usd, in_tokens, out_tokens, response: one row for each answer of each model.
    """
    if policy is not None and (cheap or strong):
        raise click.UsageError("--cheap and --strong make a cascade without a policy; give them or --policy")
    if policy is None and route is not None:
        raise click.UsageError("--route names a route of a policy; give --policy too")
    from app.replay.log import ReplayLog
    from app.replay.policy import plan_of_log, plan_of_policy
    from app.replay.report import document, text
    from router_core.policy.loading import load_policy

    loaded = None if policy is None else load_policy(policy)
    with ReplayLog.open(log_file) as log:
        if loaded is None:
            plan = plan_of_log(log, cheap, strong)
            # The curve goes on beyond one probe.
            wide = plan_of_log(log, cheap, strong, probes=3) if sweep else None
        else:
            plan = plan_of_policy(loaded, route, log)
            wide = plan if sweep else None
        report = _report(plan, wide, log, limit=limit, seed=seed, record=record, database_url=database_url)
    if as_json:
        click.echo(json.dumps(document(report), ensure_ascii=False, allow_nan=False))
    else:
        click.echo(text(report))


def _report(
    plan: ReplayPlan,
    wide: ReplayPlan | None,
    log: ReplayLog,
    *,
    limit: int | None,
    seed: int,
    record: bool,
    database_url: str | None,
) -> Report:
    from app.replay.comparison import compare
    from app.replay.report import Report
    from app.replay.run import complete, replay, sample
    from app.replay.sweep import sweep
    from router_core.price_catalog import resolve_price

    began = time.monotonic()
    answered = complete(wide or plan, log)
    numbers = sample(answered, limit, seed)
    prices = {name: resolve_price(name, model) for name, model in plan.loaded.policy.models.items()}
    grades = log.grades(numbers, prices)
    progress = _progress(len(numbers))
    if record:
        done = _recorded(plan, log, numbers, seed, database_url, progress)
    else:
        done = replay(plan, log, numbers, seed=seed, progress=progress)
    result = compare(plan, done, grades, seed)
    curve = None
    if wide is not None:
        curve = sweep(wide, log, numbers, grades, result, seed=seed, say=lambda label: click.echo(label, err=True))
    return Report(
        log=str(log.path),
        plan=plan,
        logged=log.prompts,
        answered=len(answered),
        seed=seed,
        seconds=time.monotonic() - began,
        result=result,
        failures=dict(done.failures.most_common(5)),
        curve=curve,
        recorded=len(done.routed) if record else None,
    )


def _recorded(
    plan: ReplayPlan,
    log: ReplayLog,
    numbers: list[int],
    seed: int,
    database_url: str | None,
    progress: Callable[[int], None],
) -> Replayed:
    from app.replay.run import replay
    from app.settings import Settings
    from app.wiring import CLOSE_TIMEOUT_S, open_telemetry
    from router_core import semconv

    settings = Settings.read(database_url=database_url, policy_database_url=plan.loaded.policy.telemetry.database_url)
    telemetry = open_telemetry(plan.loaded, settings)
    try:
        tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
        return replay(plan, log, numbers, seed=seed, tracer=tracer, sink=telemetry.sink, progress=progress)
    finally:
        telemetry.close(CLOSE_TIMEOUT_S)


def _progress(total: int) -> Callable[[int], None]:
    """Tells people, but no log file, how far it is."""
    if not sys.stderr.isatty():
        return lambda _: None
    step = max(total // 20, 1)

    def tell(done: int) -> None:
        if done % step == 0 or done == total:
            click.echo(f"\r{done:,} of {total:,} prompts", err=True, nl=done == total)

    return tell
