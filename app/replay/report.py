"""What a replay has to say: one JSON document, and a page of text for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from app import plain, units
from app.replay.comparison import Comparison, Single
from app.replay.metrics import Interval, Paired
from app.replay.policy import ReplayPlan
from app.replay.sweep import Curve

_NAME = 40
_MOST_SINGLES = 12
_MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one replay."""

    log: str
    plan: ReplayPlan
    logged: int
    """Prompts of the log."""
    answered: int
    """Prompts that all models of the route answered; the others cannot be replayed."""
    seed: int
    seconds: float
    result: Comparison
    failures: dict[str, int]
    curve: Curve | None = None
    recorded: int | None = None
    """Decisions that were stored; None when none was asked to be."""


def document(report: Report) -> dict[str, Any]:
    """The report as JSON-ready values; unknown is null."""
    return {
        "log": report.log,
        "policy": report.plan.loaded.policy.name,
        "policy_version": report.plan.loaded.version,
        "route": report.plan.route,
        "models": list(report.plan.models),
        "notes": list(report.plan.notes),
        "prompts_logged": report.logged,
        "prompts_answered_by_all": report.answered,
        "seed": report.seed,
        "seconds": round(report.seconds, 3),
        "recorded": report.recorded,
        "failures": report.failures,
        "result": asdict(report.result),
        "sweep": None if report.curve is None else asdict(report.curve),
    }


def text(report: Report) -> str:
    """The report for people, 100 columns wide."""
    return "\n".join(
        [
            *_head(report),
            "",
            *_table(report.result),
            "",
            *_verdicts(report),
            *_parts(report.result),
            *_sweep(report.curve),
        ]
    )


def _head(report: Report) -> Iterable[str]:
    result, plan = report.result, report.plan
    yield (
        f"{units.count(result.prompts)} prompts of {_shown(report.log, 80)} through route {_shown(plan.route)} of "
        f"policy {_shown(plan.loaded.policy.name)} {plan.loaded.version}, {report.seconds:.1f} s"
    )
    if report.answered < report.logged:
        left_out = units.count(report.logged - report.answered)
        yield f"{left_out} of {units.count(report.logged)} prompts left out: not all of these models answered them"
    if result.prompts < report.answered:
        yield f"drawn by chance from {units.count(report.answered)} prompts, seed {report.seed}"
    for note in plan.notes:
        yield _shown(note, 400)
    for reason, count in report.failures.items():
        yield f"no answer to {units.count(count)} prompts, which count as wrong: {_shown(reason, 200)}"


def _table(result: Comparison) -> Iterable[str]:
    yield f"{'':<{_NAME}} {'accuracy':>8} {'95 % interval':>17} {'cost':>11} {'calls':>9} {'answers':>9}"
    yield _line("this route", result.accuracy, result.cost_usd, None, None)
    shown = [one for one in result.singles if one.in_route]
    others = [one for one in result.singles if not one.in_route]
    room = max(_MOST_SINGLES - len(shown), 0)
    for one in shown:
        yield _single(one, result.prompts)
    for one in others[:room]:
        yield _single(one, result.prompts)
    if len(others) > room:
        yield f"  and {len(others) - room} other models of the log; --json lists them"
    if result.mix_accuracy is not None:
        names = f"{_shown(result.weakest)} and {_shown(result.strongest)}"
        yield f"{'a coin at the same cost':<{_NAME}} {_percent(result.mix_accuracy):>8}  between {names}"
    if result.hull_accuracy is not None:
        yield f"{'best mixture of single models, ditto':<{_NAME}} {_percent(result.hull_accuracy):>8}"
    cost = units.usd(result.oracle_cost_usd)
    yield f"{'oracle over the models of the route':<{_NAME}} {_percent(result.oracle_accuracy):>8} {'':>17} {cost:>11}"


def _single(one: Single, prompts: int) -> str:
    partly = f", {units.count(one.prompts)} prompts" if one.prompts < prompts else ""
    name = f"{_shown(one.model, _NAME - len(partly))}{partly}"
    return _line(name, one.accuracy, one.cost_usd, one.calls, one.answers, one.in_route)


def _line(
    name: str, accuracy: Interval | None, cost: float | None, calls: int | None, answers: int | None, own: bool = True
) -> str:
    used = "" if calls is None or answers is None or not own else f" {calls:>9,} {answers:>9,}"
    if accuracy is None:
        return f"{name:<{_NAME}} {'unknown':>8}"
    span = f"{_percent(accuracy.low)} to {_percent(accuracy.high)}"
    return f"{name:<{_NAME}} {_percent(accuracy.value):>8} {span:>17} {units.usd(cost):>11}{used}"


def _verdicts(report: Report) -> Iterable[str]:
    result = report.result
    share = result.escalated / result.prompts
    yield f"Escalated: {units.count(result.escalated)} prompts ({_percent(share)})."
    yield _against(result.against_strongest, result.strongest, result.cost_ratio)
    margin = result.above_hull
    if margin is None:
        yield "Whether it lies above the hull of single models is unknown: the log does not say all costs."
    else:
        place = "above" if margin.low > 0 else "below" if margin.high < 0 else "neither clearly above nor below"
        without = "".join(f", {_shown(name)}" for name in result.not_in_hull[:_MOST_SINGLES])
        aside = f" Not in the hull, for want of answers or costs: {without[2:]}." if without else ""
        yield f"It lies {place} the hull of single models: {_points(margin)}.{aside}"
    if report.recorded is not None:
        yield f"{units.count(report.recorded)} decisions stored, marked as simulated shadow traffic."


def _against(pair: Paired, strongest: str, ratio: float | None) -> str:
    cost = "" if ratio is None else f" at {_percent(ratio)} of its cost"
    counts = f"better on {units.count(pair.better)} prompts, worse on {units.count(pair.worse)}"
    return f"Against {_shown(strongest)} alone: {_points(pair.difference)}{cost}; {counts}."


def _parts(result: Comparison) -> Iterable[str]:
    if len(result.parts) < 2:
        return
    yield ""
    yield f"{'dataset':<{_NAME}} {'accuracy':>8} {'95 % interval':>17} {'cost':>11} {'escalated':>9} {'strongest':>9}"
    for one in result.parts[:_MOST_PARTS]:
        line = _line(_shown(one.dataset), one.accuracy, one.cost_usd, None, None)
        yield f"{line} {_percent(one.escalated / one.prompts):>9} {_percent(one.strongest):>9}"
    if len(result.parts) > _MOST_PARTS:
        yield f"  and {len(result.parts) - _MOST_PARTS} more; --json lists them"


def _sweep(curve: Curve | None) -> Iterable[str]:
    if curve is None:
        return
    yield ""
    yield f"{'setting':<{_NAME}} {'accuracy':>8} {'95 % interval':>17} {'cost':>11} {'strong':>9} {'PGR':>9}"
    for one in curve.settings:
        gain = "unknown" if one.pgr is None else f"{one.pgr:.2f}"
        line = _line(_shown(one.label), one.accuracy, one.cost_usd, None, None)
        yield f"{line} {_percent(one.strong_share):>9} {gain:>9}"
    reached = ", ".join(
        f"CPT({level}) {'unreached' if share is None else _percent(share)}" for level, share in curve.cpt.items()
    )
    area = "unknown" if curve.apgr is None else f"{curve.apgr:.2f}"
    yield f"APGR {area}; {reached}; strong is {_shown(curve.strong)}, weak {_shown(curve.weak)}"


def _points(interval: Interval) -> str:
    low, high = interval.low * 100, interval.high * 100
    return f"{interval.value * 100:+.1f} points (95 %: {low:+.1f} to {high:+.1f})"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _shown(name: str, limit: int = _NAME) -> str:
    return " ".join(plain.visible(name, limit).split())
