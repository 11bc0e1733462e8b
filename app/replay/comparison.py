"""A replay beside what else could have answered the same prompts: single models, a coin, their hull, the oracle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.replay.log import Grades
from app.replay.metrics import (
    Floats,
    Interval,
    Paired,
    at_cost,
    cost_to_reach,
    hull,
    margin_above_hull,
    mix,
    oracle,
    paired,
    wilson,
)
from app.replay.policy import ReplayPlan
from app.replay.run import Replayed


@dataclass(frozen=True, slots=True)
class Single:
    """One model asked for every prompt, or what it did within the replay."""

    model: str
    prompts: int
    """How many of the replayed prompts the log has it answer."""
    accuracy: Interval | None
    """Of it alone; None when it answered none of them."""
    cost_usd: float | None
    """Of it alone; None when the log does not say."""
    in_route: bool
    calls: int
    """In the replay, probes included."""
    answers: int
    """Given answers in the replay."""


@dataclass(frozen=True, slots=True)
class Part:
    """The prompts of one dataset of the log."""

    dataset: str
    prompts: int
    accuracy: Interval
    strongest: float
    """Accuracy of the route's strongest model on the same prompts."""
    cost_usd: float | None
    escalated: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a replay. Costs are USD of all its prompts; unknown is None."""

    prompts: int
    accuracy: Interval
    cost_usd: float | None
    escalated: int
    unanswered: int
    singles: tuple[Single, ...]
    """By accuracy, the best first."""
    strongest: str
    """The route's most accurate model."""
    against_strongest: Paired
    cost_ratio: float | None
    """The route's cost divided by the strongest model's."""
    hull_accuracy: float | None
    """The best mixture of single models at the route's cost."""
    hull_cost_usd: float | None
    """What the best mixture costs that is as accurate; None also when none is."""
    above_hull: Interval | None
    not_in_hull: tuple[str, ...]
    """Models that did not answer all of these prompts, or whose cost is not known for all."""
    mix_accuracy: float | None
    """A coin between the route's cheapest and its strongest model, at the route's cost."""
    oracle_accuracy: float
    oracle_cost_usd: float | None
    weakest: str
    """The route's cheapest model; by accuracy where costs are unknown."""
    parts: tuple[Part, ...]
    """By dataset; empty when the log names none."""


def compare(plan: ReplayPlan, replayed: Replayed, grades: Grades, seed: int) -> Comparison:
    """Grade a replay. Models that answered only some of the prompts are shown, and left out of hull and oracle."""
    scores, costs = replayed.scores(grades), replayed.costs
    n = len(scores)
    total = _sum(costs)
    graded = [m for m in grades.models if not np.isnan(grades.of(m)[0]).any()]
    priced = [m for m in graded if not np.isnan(grades.of(m)[1]).any()]
    own = [m for m in plan.models if m in graded]
    accuracies = {m: float(grades.of(m)[0].mean()) for m in graded}
    prices = {m: float(grades.of(m)[1].sum()) for m in priced}
    strongest = max(own, key=lambda m: (accuracies[m], -prices.get(m, 0.0)))
    cheapest = (
        min(own, key=lambda m: prices[m]) if all(m in priced for m in own) else min(own, key=accuracies.__getitem__)
    )
    points = [(prices[m], accuracies[m]) for m in priced]
    vertices = hull(points)
    places = [grades.models.index(m) for m in priced]
    known = total is not None and bool(priced)
    ours = [grades.models.index(m) for m in own]
    ideal = oracle(grades.scores[:, ours], np.nan_to_num(grades.costs[:, ours]))
    same = cost_to_reach(vertices, float(scores.mean())) if priced else None
    ends = [(prices[m], accuracies[m]) for m in (cheapest, strongest) if m in prices]
    return Comparison(
        prompts=n,
        accuracy=wilson(float(scores.mean()), n),
        cost_usd=_usd(total),
        escalated=sum(one.escalated for one in replayed.routed),
        unanswered=sum(one.answered_by is None for one in replayed.routed),
        singles=_singles(plan, replayed, grades),
        strongest=strongest,
        weakest=cheapest,
        against_strongest=paired(scores, grades.of(strongest)[0], seed),
        cost_ratio=total / prices[strongest] if total is not None and prices.get(strongest) else None,
        hull_accuracy=at_cost(vertices, total) if known and total is not None else None,
        hull_cost_usd=_usd(same),
        above_hull=(
            margin_above_hull(scores, costs, grades.scores[:, places], grades.costs[:, places], seed) if known else None
        ),
        not_in_hull=tuple(m for m in grades.models if m not in priced),
        mix_accuracy=mix(ends[0], ends[1], total) if len(ends) == 2 and total is not None else None,
        oracle_accuracy=ideal[1],
        oracle_cost_usd=_usd(ideal[0]) if all(m in priced for m in own) else None,
        parts=_parts(replayed, grades, scores, strongest),
    )


def _parts(replayed: Replayed, grades: Grades, scores: Floats, strongest: str) -> tuple[Part, ...]:
    costs, alone = replayed.costs, grades.of(strongest)[0]
    escalated = np.array([one.escalated for one in replayed.routed])
    datasets = np.array([dataset or "" for dataset in grades.datasets])
    parts = []
    for dataset in sorted(set(grades.datasets) - {None}, key=str):
        here = datasets == dataset
        count = int(here.sum())
        accuracy = wilson(float(scores[here].mean()), count)
        cost = _usd(_sum(costs[here]))
        parts.append(Part(str(dataset), count, accuracy, float(alone[here].mean()), cost, int(escalated[here].sum())))
    return tuple(parts)


def _singles(plan: ReplayPlan, replayed: Replayed, grades: Grades) -> tuple[Single, ...]:
    calls, answers = replayed.calls, replayed.answers
    found = []
    for model in grades.models:
        scores, costs = grades.of(model)
        there = ~np.isnan(scores)
        count = int(there.sum())
        accuracy = wilson(float(scores[there].mean()), count) if count else None
        cost = _usd(_sum(costs[there])) if count else None
        in_route = model in plan.models
        found.append(Single(model, count, accuracy, cost, in_route, calls[model], answers[model]))
    return tuple(sorted(found, key=lambda one: (-one.accuracy.value if one.accuracy else 1.0, one.model)))


def _sum(costs: Floats) -> float | None:
    return None if np.isnan(costs).any() else float(costs.sum())


def _usd(nano: float | None) -> float | None:
    return None if nano is None else nano / 1e9
