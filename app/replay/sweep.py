"""The cost-quality curve of a route: the same prompts under each setting of its thresholds and probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.replay.comparison import Comparison
from app.replay.log import Grades, ReplayLog
from app.replay.metrics import Interval, apgr, cpt, pgr, wilson
from app.replay.policy import ReplayPlan
from app.replay.run import replay
from router_core.errors import ReplayError
from router_core.policy.schema import AgreementValidator, Route, ValidatorEntry

CPT_LEVELS = (0.5, 0.8, 0.95)
_THRESHOLDS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the curve."""

    label: str
    accuracy: Interval
    cost_usd: float | None
    strong_share: float
    """Share of prompts that paid for the strongest model."""
    pgr: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """All settings, by rising share of strong calls, and what they come to."""

    weak: str
    strong: str
    settings: tuple[Setting, ...]
    apgr: float | None
    cpt: dict[str, float | None]
    """Share of strong calls that reaches a PGR of 0.5, 0.8 and 0.95."""


def sweep(
    plan: ReplayPlan,
    log: ReplayLog,
    numbers: Sequence[int],
    grades: Grades,
    main: Comparison,
    *,
    seed: int,
    say: Callable[[str], None] = lambda _: None,
) -> Curve:
    """Replay the route once for each setting.

    Raises:
        ReplayError: the route has no validator whose threshold could be moved.
    """
    weak = float(grades.of(main.weakest)[0].mean())
    strong = float(grades.of(main.strongest)[0].mean())
    found = []
    for label, variant in variants(plan):
        say(label)
        done = replay(variant, log, numbers, seed=seed)
        scores, costs = done.scores(grades), done.costs
        accuracy = wilson(float(scores.mean()), len(scores))
        total = float(costs.sum())
        share = float(done.called(main.strongest).mean())
        gain = pgr(accuracy.value, weak, strong)
        found.append(Setting(label, accuracy, None if total != total else total / 1e9, share, gain))
    found.sort(key=lambda setting: (setting.strong_share, setting.accuracy.value))
    points = [(one.strong_share, one.pgr) for one in found if one.pgr is not None]
    return Curve(
        main.weakest,
        main.strongest,
        tuple(found),
        apgr(points) if points else None,
        {f"{level:g}": cpt(points, level) if points else None for level in CPT_LEVELS},
    )


def variants(plan: ReplayPlan) -> Iterator[tuple[str, ReplayPlan]]:
    """The plan with other thresholds: with ``k`` probes agreement has ``k`` of them that matter; others get five.

    Raises:
        ReplayError: the route has no validators.
    """
    policy = plan.loaded.policy
    route = policy.routes.get(plan.route)
    names = () if route is None else route.validators
    agreement = {
        name: policy.validators[name] for name in names if isinstance(policy.validators[name], AgreementValidator)
    }
    if not names:
        raise ReplayError(f"route {plan.route} has no validators, so there is no threshold to sweep; leave out --sweep")
    if agreement:
        most = max(len(entry.probes) for entry in agreement.values() if isinstance(entry, AgreementValidator))
        for count in range(1, most + 1):
            for agreeing in range(1, count + 1):
                changed = {name: _with_probes(entry, count, agreeing) for name, entry in agreement.items()}
                yield f"{agreeing} of {count} probes agree", _with(plan, changed)
        return
    for threshold in _THRESHOLDS:
        changed = {name: policy.validators[name].model_copy(update={"threshold": threshold}) for name in names}
        yield f"threshold {threshold:g}", _with(plan, changed)


def _with_probes(entry: ValidatorEntry, count: int, agreeing: int) -> ValidatorEntry:
    assert isinstance(entry, AgreementValidator)
    count = min(count, len(entry.probes))
    # Halfway below the wanted share: thirds are no binary fractions.
    return entry.model_copy(update={"probes": entry.probes[:count], "threshold": max((agreeing - 0.5) / count, 0.0)})


def _with(plan: ReplayPlan, changed: dict[str, ValidatorEntry]) -> ReplayPlan:
    policy = plan.loaded.policy
    route = policy.routes[plan.route]
    routes = {**policy.routes, plan.route: _without_thresholds(route, set(changed))}
    validators = {**policy.validators, **changed}
    return replace(
        plan,
        loaded=replace(plan.loaded, policy=policy.model_copy(update={"routes": routes, "validators": validators})),
    )


def _without_thresholds(route: Route, names: set[str]) -> Route:
    """The route without thresholds of its own for these validators, so that the validators' count."""
    intents = {
        intent: override.model_copy(update={"thresholds": _but(override.thresholds, names)})
        for intent, override in route.intents.items()
    }
    return route.model_copy(update={"thresholds": _but(route.thresholds, names), "intents": intents})


def _but(thresholds: dict[str, float], names: set[str]) -> dict[str, float]:
    return {name: value for name, value in thresholds.items() if name not in names}
