"""The router: the only orchestrator. It asks pure functions what to do, does it, and tells what it does as events.

The steps of a request stand in `Router._route` in the order of the design: signals, guard, tools, plan, branches,
answer. Whatever happens on the way, a request that passed its check ends in exactly one decision.
"""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from opentelemetry.trace import Tracer

from router_core import aggregate, semconv
from router_core.attempts import Attempts, finished_of
from router_core.branches import Branches
from router_core.clock import Clock, SystemClock, Timeline
from router_core.conversation import remember
from router_core.decision import build_decision, settle
from router_core.errors import (
    InternalFault,
    NotDurable,
    RoutingError,
)
from router_core.events import (
    Answered,
    Event,
    Failed,
    Settled,
)
from router_core.exact_cache import ExactCache
from router_core.fleet import Fleet
from router_core.in_flight import InFlight
from router_core.obligations import Restoring
from router_core.policy.loading import LoadedPolicy
from router_core.preparation import Preparation, with_system
from router_core.price_catalog import resolve_price
from router_core.pricing import TokenPrice
from router_core.providers.base import Provider
from router_core.providers.build import NO_SCRIPTS, build_providers
from router_core.request import RouteRequest
from router_core.resilience.health import Health
from router_core.resilience.peers import BreakerPeers
from router_core.result import CommitState, Decision, RouteResult
from router_core.run import Run
from router_core.scoring import Scoring
from router_core.sessions import Sessions
from router_core.sink import DecisionSink, NoSink
from router_core.state.entries import EntryStore, MemoryEntries
from router_core.state.ledger import RequestLedger
from router_core.state.memory import MemoryStore
from router_core.state.purse import Budgets
from router_core.state.store import StateStore
from router_core.target import Targets
from router_core.tools.base import Tool
from router_core.tools.build import build_tools
from router_core.tracing import NO_TRACER, Trace, new_decision_id
from router_core.unanswered import nobody_answered
from router_core.validators.base import Validator
from router_core.validators.build import build_validators

if TYPE_CHECKING:
    from router_core.providers.local_server import LocalServer
    from router_core.providers.scripted import Script

log = logging.getLogger("routescope.router")


class Router:
    """Routes requests under one policy. Safe for concurrent use within one event loop."""

    def __init__(
        self,
        loaded: LoadedPolicy,
        *,
        providers: Mapping[str, Provider],
        tools: Mapping[str, Tool],
        validators: Mapping[str, Validator],
        tracer: Tracer = NO_TRACER,
        sink: DecisionSink | None = None,
        state: StateStore | None = None,
        entries: EntryStore | None = None,
        peers: BreakerPeers | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.loaded = loaded
        models = loaded.policy.models
        self._tracer = tracer
        self._sink: DecisionSink = sink or NoSink()
        self._clock: Clock = clock or SystemClock()
        # For traffic splits and jitter, nothing that must not be guessed.
        rng = rng or random.Random()  # noqa: S311
        places = {name: model.places for name, model in models.items()}
        health = Health(self._clock, loaded.policy.resilience, rng, places, peers)
        self.fleet = Fleet(models, providers, health)
        branches = Branches(self.fleet)
        self._attempts = Attempts(branches, Scoring(branches, validators), self.fleet, self._clock)
        assume = loaded.policy.assume_price
        self._assumed = None if assume is None else TokenPrice(assume.input, assume.output, assume.cache_read)
        self._prices = {name: resolve_price(name, model) for name, model in models.items()}
        self._simulates = any(place.provider.kind == "scripted" for model in models.values() for place in model.places)
        self.targets = Targets(loaded.policy)
        fails_open = loaded.policy.state.on_unavailable == "fail_open"
        store = state or MemoryStore(self._clock)
        budgets = Budgets(loaded.policy.budgets, store, self._clock, fails_open=fails_open)
        self.entries: EntryStore = entries or MemoryEntries(self._clock)
        """Sessions and cached answers."""
        self._sessions, self._cache = Sessions(self.entries), ExactCache(self.entries)
        parts = (self.fleet, budgets, tools, self._sessions, self._cache)
        self._preparation = Preparation(loaded, self.targets, *parts, rng)
        self.in_flight = InFlight()
        """The requests that have begun here and not ended."""

    @classmethod
    def from_policy(
        cls,
        loaded: LoadedPolicy,
        *,
        clock: Clock | None = None,
        scripts: Mapping[str, Script] = NO_SCRIPTS,
        local: LocalServer | None = None,
        tracer: Tracer = NO_TRACER,
        sink: DecisionSink | None = None,
        state: StateStore | None = None,
        entries: EntryStore | None = None,
        peers: BreakerPeers | None = None,
        rng: random.Random | None = None,
        previous: Self | None = None,
    ) -> Self:
        """A router with everything that the policy names.

        ``previous``: the router whose place it takes. They share the providers of what is called as before, and so the
        connections; and, without ``entries`` of its own, sessions and cached answers.

        Raises:
            PolicyError: a tool cannot be made (its folder is missing, say).
        """
        clock = clock or SystemClock()
        if entries is None and previous is not None:
            entries = previous.entries
        return cls(
            loaded,
            providers=build_providers(
                loaded.policy.models,
                clock=clock,
                scripts=scripts,
                local=local,
                kept={} if previous is None else previous.fleet.by_entry(),
            ),
            tools=build_tools(loaded.policy.tools, loaded.folder),
            validators=build_validators(loaded.policy.validators, loaded.folder),
            tracer=tracer,
            sink=sink,
            state=state,
            entries=entries,
            peers=peers,
            clock=clock,
            rng=rng,
        )

    async def aclose(self) -> None:
        """Close all providers."""
        await self.fleet.aclose()

    async def aroute(self, request: RouteRequest) -> RouteResult:
        """Route one request to its end.

        Raises:
            RequestError: the request cannot be routed; nothing was recorded.
            RoutingError: no answer came of it; the error names the recorded decision.
        """
        answer: Answered | None = None
        settled: Settled | None = None
        with self.in_flight.one():
            run = self._begin(request)
            run.watched = False
            async with aclosing(self._steps(run)) as events:
                async for event in events:
                    if isinstance(event, Answered):
                        answer = event
                    elif isinstance(event, Settled):
                        settled = event
        if answer is None or settled is None:
            assert run.error is not None, "a request ends in an answer or in an error"
            raise run.error
        said = (settled.commit, answer.citations, answer.calls, answer.earlier)
        return RouteResult(answer.text, settled.decision, answer.finish_reason, *said)

    def route(self, request: RouteRequest | str) -> RouteResult:
        """`aroute` for code without an event loop. One request at a time; raises as `aroute` does."""
        if isinstance(request, str):
            request = RouteRequest.from_prompt(request)
        return asyncio.run(self._route_alone(request))

    async def _route_alone(self, request: RouteRequest) -> RouteResult:
        try:
            return await self.aroute(request)
        finally:
            # Connections belong to the event loop that ends here.
            await self.aclose()

    async def stream(self, request: RouteRequest) -> AsyncGenerator[Event]:
        """Route one request, telling each step; see `router_core.events` for the order.

        Closing the generator cancels the running branch and records what was spent.

        Raises:
            RequestError: before the first event; nothing was recorded.
            NotDurable: after the last event, when audit is strict and the decision could not be kept.
        """
        with self.in_flight.one():
            run = self._begin(request)
            async with aclosing(self._steps(run)) as events:
                async for event in events:
                    since = run.timeline.elapsed_ns()
                    yield event
                    run.consumer_ns += run.timeline.elapsed_ns() - since

    async def explain(self, request: RouteRequest) -> Decision:
        """The decision as it would be made, with no model called and nothing recorded (status ``planned``).

        Raises:
            RequestError: the request cannot be routed.
        """
        run = self._begin(request, tracer=NO_TRACER)
        try:
            async for _ in self._preparation.steps(run):
                pass
            if run.chosen is None:
                self._preparation.plan(run)
        except RoutingError as error:
            run.error = error
        for branch in run.branches:
            branch.outcome, branch.last_record = "planned", None
        return build_decision(run, planned=True)

    # --- the life of a request ---------------------------------------------------------------------------------

    def _begin(self, request: RouteRequest, tracer: Tracer | None = None) -> Run:
        request.check()
        target = self.targets.resolve(request.route)
        timeline = Timeline(self._clock)
        caps = target.route.caps
        return Run(
            request=with_system(request, target.route.system),
            target=target,
            loaded=self.loaded,
            prices=self._prices,
            timeline=timeline,
            decision_id=new_decision_id(self._clock),
            trace=Trace(tracer or self._tracer, timeline, target.name, request.caller_traceparent),
            ledger=RequestLedger.of(caps.usd, caps.tokens, caps.branches, request.context.cost_cap_usd),
            assumed=self._assumed,
            simulated=request.simulated or self._simulates,
        )

    async def _steps(self, run: Run) -> AsyncGenerator[Event]:
        try:
            try:
                async with aclosing(self._route(run)) as events:
                    async for event in events:
                        yield event
            except RoutingError as error:
                yield self._failed(run, error)
            except Exception as error:  # noqa: BLE001 (the last edge of the core: a request ends in exactly one decision)
                yield self._failed(run, _fault(error))
            decision = settle(run)
            commit: CommitState = "off"
            if run.trace.recording:
                commit = await self._sink.committed(run.trace.trace_id)
            yield Settled(decision, commit)
        except (asyncio.CancelledError, GeneratorExit):
            run.cancelled = run.error is None
            raise
        finally:
            if run.decision is None and run.signals is not None:
                # The caller left: what was spent is recorded all the same.
                settle(run)
        if commit == "not_durable" and self.loaded.policy.telemetry.audit == "strict":
            run.error = NotDurable(
                "the decision could not be kept, and the policy's audit is strict; free some disk space and try again",
                decision_id=run.decision_id,
            )
            raise run.error

    @staticmethod
    def _failed(run: Run, error: RoutingError) -> Failed:
        error.decision_id = run.decision_id
        run.error, run.chosen = error, None
        return Failed(error.code, str(error), error.http_status, error.retry_after_s)

    async def _route(self, run: Run) -> AsyncGenerator[Event]:
        async for event in self._preparation.steps(run):
            yield event
        if run.chosen is None:
            yield self._preparation.plan(run)
            restoring = Restoring(run.redaction) if run.redaction is not None and run.restores else None
            async with aclosing(self._attempts.ask(run)) as events:
                async for event in events:
                    for shown in (event,) if restoring is None else restoring.events(event):
                        yield shown
            self._choose(run)
        assert run.chosen is not None
        if run.first_visible_ns is None:
            run.first_visible_ns = run.timeline.elapsed_ns()
        finish = None if run.chosen.completion is None else run.chosen.completion.finish_reason
        chosen = run.chosen
        text, calls = chosen.text, chosen.calls
        if run.redaction is not None and run.restores and chosen.kind != "tool":
            restore = run.redaction.restore
            text, calls = restore(text), tuple(replace(call, arguments=restore(call.arguments)) for call in calls)
        if run.place is not None:
            await remember(run, self._sessions)
        if run.cache_key is not None:
            await self._cache.keep(run)
        yield Answered(text, chosen.model, chosen.kind, finish, chosen.final, chosen.citations, calls, chosen.earlier)

    # --- the end -----------------------------------------------------------------------------------------------

    def _choose(self, run: Run) -> None:
        span = run.trace.child(semconv.SPAN_AGGREGATE)
        best = aggregate.choose(run.target.route.aggregator, finished_of(run))
        run.trace.end(span, {semconv.AGGREGATOR: run.target.route.aggregator})
        if best is None:
            raise nobody_answered(run)
        run.chosen = run.branches[best.index]


def _fault(error: Exception) -> InternalFault:
    """What is told of a fault of our own. The log has the place, and not the error's words: a prompt may be in them."""
    log.error("router raised %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    fault = InternalFault(f"the router itself is at fault ({type(error).__name__}); its log says where")
    fault.__cause__ = error
    return fault
