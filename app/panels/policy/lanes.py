"""The policy as a picture: a lane a route, from what is tried first to what is tried last.

`lanes` is a pure function of the policy: each route has cases (any request, one intent, one domain), each case steps,
each step models side by side. `draw` writes them as rows of boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app import plain, units
from app.panels.policy import words
from router_core.policy.schema import (
    CascadeStrategy,
    CostStrategy,
    CustomStrategy,
    IntentOverride,
    IntentStrategy,
    LatencyStrategy,
    Policy,
    Route,
    WeightedStrategy,
)

NAME = 40
"""Characters of a name in a box."""
LOW = "score too low"


@dataclass(frozen=True, slots=True)
class Box:
    """One model in a step."""

    model: str
    place: str
    """Where it runs, and its region."""
    price: str
    share: str = ""
    """Its share of the requests, in a weighted split."""
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Models that are tried at the same stage."""

    title: str
    boxes: tuple[Box, ...]
    before: str = ""
    """Why this step follows on the one before it; empty for the first."""


@dataclass(frozen=True, slots=True)
class Case:
    """What happens to some of a route's requests."""

    when: str
    steps: tuple[Step, ...]
    checks: tuple[str, ...]
    """Validators with their thresholds."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One route."""

    name: str
    description: str
    owner: str | None
    default: bool
    strategy: str
    tools: tuple[str, ...]
    cases: tuple[Case, ...]
    standby: tuple[str, ...]
    limits: tuple[str, ...]
    combination: str
    """How several validators become one verdict; empty when there are fewer than two."""


def lanes(policy: Policy) -> list[Lane]:
    """A lane a route, the default route first."""
    order = sorted(policy.routes, key=lambda name: name != policy.default_route)
    return [_lane(policy, name, policy.routes[name]) for name in order]


def _lane(policy: Policy, name: str, route: Route) -> Lane:
    several = len(route.validators) > 1
    return Lane(
        name=name,
        description=route.description,
        owner=route.owner,
        default=name == policy.default_route,
        strategy=words.strategy_in_words(route.strategy),
        tools=route.tools,
        cases=tuple(_cases(policy, route)),
        standby=route.standby,
        limits=tuple(words.limits_in_words(route)),
        combination=words.combination_in_words(route.combine) if several else "",
    )


def _cases(policy: Policy, route: Route) -> list[Case]:
    """By the strategy, then what the route does otherwise for single intents."""
    cases = {when: Case(when, steps, _checks(policy, route, None)) for when, steps in _by_strategy(policy, route)}
    ordinary = cases[next(reversed(cases))].steps
    for intent, override in route.intents.items():
        when = f"intent {intent}"
        steps = cases[when].steps if when in cases else ordinary
        if override.tiers is not None:
            steps = _in_tiers(policy, route, override.tiers)
        if override.tiers or override.validators is not None or override.thresholds:
            cases[when] = Case(when, steps, _checks(policy, route, override))
    return list(cases.values())


def _by_strategy(policy: Policy, route: Route) -> Iterable[tuple[str, tuple[Step, ...]]]:
    """What happens when, the most general case last."""
    strategy = route.strategy
    match strategy:
        case CascadeStrategy() | CostStrategy() | LatencyStrategy():
            yield "any request", _in_tiers(policy, route, strategy.tiers)
        case IntentStrategy():
            for domain, models in strategy.domains.items():
                yield f"about {domain}", _one_by_one(policy, models, strategy.otherwise)
            for intent, models in strategy.intents.items():
                yield f"intent {intent}", _one_by_one(policy, models, strategy.otherwise)
            yield "anything else", _one_by_one(policy, strategy.otherwise)
        case WeightedStrategy():
            yield "any request", (Step("drawn by weight", _weighted(policy, strategy.weights)),)
        case CustomStrategy():
            yield "any request", (Step("as it orders them", _boxes(policy, strategy.models)),)


def _in_tiers(policy: Policy, route: Route, tiers: Sequence[str]) -> tuple[Step, ...]:
    """One tier after the other, or all their models in one step when the strategy orders them for each request."""
    if not isinstance(route.strategy, (CostStrategy, LatencyStrategy)):
        return _tiers(policy, tiers)
    first = "cheapest" if isinstance(route.strategy, CostStrategy) else "fastest"
    boxes = tuple(box for tier in tiers for box in _boxes(policy, _of_tier(policy, tier)))
    return (Step(f"{first} of these, then the next", boxes),)


def _tiers(policy: Policy, tiers: Sequence[str]) -> tuple[Step, ...]:
    return tuple(
        Step(f"tier {tier}", _boxes(policy, _of_tier(policy, tier)), LOW if number else "")
        for number, tier in enumerate(tiers)
    )


def _one_by_one(policy: Policy, models: Sequence[str], then: Sequence[str] = ()) -> tuple[Step, ...]:
    ordered = list(dict.fromkeys([*models, *then]))
    return tuple(
        Step(f"{number}.", _boxes(policy, [model]), LOW if number > 1 else "")
        for number, model in enumerate(ordered, start=1)
    )


def _of_tier(policy: Policy, tier: str) -> list[str]:
    return [name for name, model in policy.models.items() if model.tier == tier]


def _boxes(policy: Policy, models: Iterable[str], shares: Mapping[str, str] | None = None) -> tuple[Box, ...]:
    return tuple(
        Box(
            model=name,
            place=words.place_in_words(entry),
            price=words.short_price(entry.price),
            share=(shares or {}).get(name, ""),
            fallback=entry.fallback,
        )
        for name in models
        if (entry := policy.models.get(name)) is not None
    )


def _weighted(policy: Policy, weights: Mapping[str, float]) -> tuple[Box, ...]:
    whole = sum(weights.values())
    return _boxes(policy, weights, {name: units.share(weight / whole) for name, weight in weights.items()})


def _checks(policy: Policy, route: Route, override: IntentOverride | None) -> tuple[str, ...]:
    asked = route.validators if override is None or override.validators is None else override.validators
    own = {} if override is None else override.thresholds
    told = []
    for name in asked:
        entry = policy.validators.get(name)
        threshold = own.get(name, route.thresholds.get(name, None if entry is None else entry.threshold))
        told.append(name if threshold is None else f"{name} ≥ {units.score(threshold)}")
    return tuple(told)


# --- drawn ---------------------------------------------------------------------------------------------------------


def draw(shown: Sequence[Lane], colours: Mapping[str, str], *, ready: Mapping[str, bool] | None = None) -> None:
    """The lanes as boxes, from left to right; where there is no room they go on below.

    Args:
        shown: from `lanes`.
        colours: of models, as on all pages.
        ready: whether each model can be called now; None when nobody knows.
    """
    st.html("".join(_lane_html(lane, colours, ready or {}) for lane in shown))


def _lane_html(lane: Lane, colours: Mapping[str, str], ready: Mapping[str, bool]) -> str:
    badge = ' <span class="rs-chip">default</span>' if lane.default else ""
    owner = f" · {plain.html(lane.owner, NAME)}" if lane.owner else ""
    about = f'<div class="rs-sub">{plain.html(lane.description, 200)}</div>' if lane.description else ""
    head = (
        f'<div class="rs-lane-head"><span class="rs-title">route/{plain.html(lane.name, NAME)}</span>{badge}'
        f'<span class="rs-sub">{owner}</span>{about}<div class="rs-sub">{plain.html(lane.strategy, 200)}</div></div>'
    )
    tools = _tools_html(lane.tools)
    cases = "".join(_case_html(case, tools, colours, ready) for case in lane.cases)
    several = f"tiers {', '.join(lane.standby)} stand by" if len(lane.standby) > 1 else ""
    standing_by = f"tier {lane.standby[0]} stands by" if len(lane.standby) == 1 else several
    foot = [standing_by, lane.combination, *lane.limits]
    told = " · ".join(plain.html(one, 120) for one in foot if one)
    return f'<section class="rs-lane">{head}{cases}<div class="rs-sub">{told}</div></section>'


def _tools_html(tools: Sequence[str]) -> str:
    if not tools:
        return ""
    boxes = "".join(f'<div class="rs-box"><b>{plain.html(name, NAME)}</b></div>' for name in tools)
    stage = f'<div class="rs-step"><div class="rs-sub">tools first</div>{boxes}</div>'
    return f'<div class="rs-hop">{stage}{_arrow("no answer")}</div>'


def _case_html(case: Case, tools: str, colours: Mapping[str, str], ready: Mapping[str, bool]) -> str:
    steps = "".join(
        f'<div class="rs-hop">{_arrow(step.before) if step.before else ""}{_step_html(step, colours, ready)}</div>'
        for step in case.steps
    )
    checks = ", ".join(plain.html(check, 60) for check in case.checks) or "not checked"
    return (
        f'<div class="rs-case"><div class="rs-when"><b>{plain.html(case.when, 60)}</b>'
        f'<div class="rs-sub">{checks}</div></div><div class="rs-steps">{tools}{steps}</div></div>'
    )


def _step_html(step: Step, colours: Mapping[str, str], ready: Mapping[str, bool]) -> str:
    boxes = "".join(_box_html(box, colours, ready) for box in step.boxes) or '<div class="rs-box">no model</div>'
    return f'<div class="rs-step"><div class="rs-sub">{plain.html(step.title, 60)}</div>{boxes}</div>'


def _box_html(box: Box, colours: Mapping[str, str], ready: Mapping[str, bool]) -> str:
    colour = colours.get(box.model)
    # A model that never ran has no colour yet.
    edge = "" if colour is None else f' style="border-left-color:{plain.html(colour)}"'
    share = f' <span class="rs-sub">{plain.html(box.share)}</span>' if box.share else ""
    absent = '<div class="rs-sub rs-warn">not ready now</div>' if ready.get(box.model) is False else ""
    fallback = f'<div class="rs-sub">fails → {plain.html(box.fallback, NAME)}</div>' if box.fallback is not None else ""
    return (
        f'<div class="rs-box"{edge}><b>{plain.html(box.model, NAME)}</b>{share}'
        f'<div class="rs-sub">{plain.html(box.place, 60)}</div>'
        f'<div class="rs-sub">{plain.html(box.price)}</div>{fallback}{absent}</div>'
    )


def _arrow(why: str) -> str:
    return f'<div class="rs-arrow"><span aria-hidden="true">→</span><div class="rs-sub">{plain.html(why)}</div></div>'
