"""Prompts of a log through the real router: what it chose, what that cost, and only then how right it was."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from opentelemetry.trace import Tracer

from app.replay.log import Grades, ReplayLog
from app.replay.policy import ReplayPlan
from router_core.errors import ReplayError, RoutingError
from router_core.events import Answered, Event, Settled
from router_core.pricing import Nano, to_nano
from router_core.providers.replay import ReplayProvider, Tape
from router_core.request import Context, RouteRequest
from router_core.result import Decision
from router_core.router import Router
from router_core.sink import DecisionSink
from router_core.tracing import NO_TRACER
from router_core.validators.build import build_validators

TAG = "replay"


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of one prompt. Nothing of it depends on grades."""

    answered_by: str | None
    """The model whose answer was given; None when nobody answered."""
    cost: Nano | None
    """Nano-USD of all branches; None when one is unknown."""
    called: tuple[str, ...]
    """Models that were called, once a call, probes included."""
    escalated: bool
    failure: str | None = None


@dataclass(slots=True)
class Replayed:
    """All prompts of one replay, in order."""

    routed: list[Routed] = field(default_factory=list)

    @property
    def costs(self) -> NDArray[np.float64]:
        """Nano-USD by prompt, NaN where unknown."""
        return np.array([np.nan if one.cost is None else one.cost for one in self.routed], dtype=np.float64)

    def scores(self, grades: Grades) -> NDArray[np.float64]:
        """How right each given answer was, 0..1. A prompt that nobody answered scores 0."""
        column = {name: place for place, name in enumerate(grades.models)}
        return np.array(
            [
                0.0 if one.answered_by is None else grades.scores[place, column[one.answered_by]]
                for place, one in enumerate(self.routed)
            ]
        )

    def called(self, model: str) -> NDArray[np.bool_]:
        """Whether each prompt paid for this model."""
        return np.array([model in one.called for one in self.routed], dtype=np.bool_)

    @property
    def calls(self) -> Counter[str]:
        """Calls by model, probes included."""
        return Counter(name for one in self.routed for name in one.called)

    @property
    def answers(self) -> Counter[str]:
        """Given answers by model."""
        return Counter(one.answered_by for one in self.routed if one.answered_by is not None)

    @property
    def failures(self) -> Counter[str]:
        """Why nobody answered, in the router's words."""
        return Counter(one.failure for one in self.routed if one.failure is not None)


def complete(plan: ReplayPlan, log: ReplayLog) -> list[int]:
    """Numbers of the prompts that every model of the route answered: only there can its choices be compared.

    Raises:
        ReplayError: there is none.
    """
    numbers = log.answered_by_all(plan.models, with_response=plan.reads)
    if not numbers:
        raise ReplayError(
            f"{log.path}: no prompt was answered by all of {', '.join(plan.models)}; a replay needs the answer of each "
            "model of the route to the same prompts"
        )
    return numbers


def sample(numbers: Sequence[int], limit: int | None, seed: int) -> list[int]:
    """At most ``limit`` of the prompts, drawn without return, in the log's order."""
    if limit is None or limit >= len(numbers):
        return list(numbers)
    return sorted(random.Random(seed).sample(list(numbers), limit))  # noqa: S311 (a sample, no secret)


def replay(
    plan: ReplayPlan,
    log: ReplayLog,
    numbers: Sequence[int],
    *,
    seed: int = 0,
    tracer: Tracer = NO_TRACER,
    sink: DecisionSink | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Route these prompts one after the other. Chance, as a weighted route uses it, comes from ``seed``."""
    return asyncio.run(_replay(plan, log, numbers, seed, tracer, sink, progress))


async def _replay(
    plan: ReplayPlan,
    log: ReplayLog,
    numbers: Sequence[int],
    seed: int,
    tracer: Tracer,
    sink: DecisionSink | None,
    progress: Callable[[int], None],
) -> Replayed:
    tape = Tape()
    policy = plan.loaded.policy
    router = Router(
        plan.loaded,
        providers={name: ReplayProvider(name, tape) for name in policy.models},
        tools={},
        validators=build_validators(policy.validators, plan.loaded.folder),
        tracer=tracer,
        sink=sink,
        rng=random.Random(seed),  # noqa: S311 (traffic splits, no secret)
    )
    done = Replayed()
    try:
        for place, prompt in enumerate(log.read(numbers, plan.models), start=1):
            # Not user traffic: business numbers leave out both what is a shadow and what is simulated.
            request = RouteRequest.from_prompt(
                prompt.text, route=plan.route, purpose="shadow", simulated=True, context=Context(tags=(TAG,))
            )
            with tape.at(prompt.text, prompt.answers):
                done.routed.append(await _route(router, request))
            progress(place)
    finally:
        await router.aclose()
    return done


async def _route(router: Router, request: RouteRequest) -> Routed:
    answered: Answered | None = None
    decision: Decision | None = None
    failure: str | None = None
    try:
        async for event in router.stream(request):
            answered, decision = _seen(event, answered, decision)
    except RoutingError as error:
        failure = str(error)
    assert decision is not None, "every request ends in a decision"
    by = None if answered is None else answered.model
    cost = None if decision.cost_usd is None else to_nano(decision.cost_usd)
    called = tuple(branch.model for branch in decision.branches if branch.error_type != "not_ready")
    return Routed(by, cost, called, decision.escalated, failure or decision.error_message)


def _seen(
    event: Event, answered: Answered | None, decision: Decision | None
) -> tuple[Answered | None, Decision | None]:
    if isinstance(event, Answered):
        return event, decision
    if isinstance(event, Settled):
        return answered, event.decision
    return answered, decision
