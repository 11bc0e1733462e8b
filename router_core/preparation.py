"""All that happens to a request before its first model is asked: signals, rules, budgets, tools, the plan."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Final

from router_core import semconv
from router_core.affordable import afford, exhausted
from router_core.candidates import candidates_of, prospects_of
from router_core.conversation import ordered, recall
from router_core.errors import RequestDenied
from router_core.events import Event, Planned, SignalsRead, VerdictsGiven
from router_core.exact_cache import ExactCache
from router_core.fleet import Fleet
from router_core.guard import Eligibility, Ruling, fit
from router_core.obligations import redacted, rerouted
from router_core.policy.loading import LoadedPolicy
from router_core.request import Context, Message, RouteRequest
from router_core.result import Verdict
from router_core.rulebook import Rulebook
from router_core.run import Run
from router_core.sessions import Sessions
from router_core.situation import Situation
from router_core.state.ledger import RequestLedger
from router_core.state.purse import Budgets
from router_core.target import Targets
from router_core.tool_branch import try_tool
from router_core.tools.admission import admitted, must_stay
from router_core.tools.base import Tool
from router_core.unanswered import nobody_eligible

_LONG_CHARACTERS: Final = 20_000
"""Beyond so many, redaction takes so long that others should not have to wait for it."""


class Preparation:
    """Prepares the requests of one policy. Holds nothing of a run."""

    def __init__(
        self,
        loaded: LoadedPolicy,
        targets: Targets,
        fleet: Fleet,
        budgets: Budgets,
        tools: Mapping[str, Tool],
        sessions: Sessions,
        cache: ExactCache,
        rng: random.Random,
    ) -> None:
        self._loaded = loaded
        self._targets = targets
        self._rulebook = Rulebook(loaded.policy.rules, targets.models)
        self._fleet = fleet
        self._budgets = budgets
        self._tools = tools
        self._sessions = sessions
        self._cache = cache
        self._rng = rng
        # Here, and not on top: numpy and a hundred patterns are a third of what importing the router would take.
        from router_core.signals.own_intents import OwnIntents
        from router_core.signals.read import read_signals

        if any(route.cache is not None for route in loaded.policy.routes.values()):
            from router_core.sealing import warm_up

            warm_up()
        self._read_signals = read_signals
        self._own_intents = OwnIntents(loaded.policy.intents) if loaded.policy.intents else None

    async def steps(self, run: Run) -> AsyncGenerator[Event]:
        """Signals, guard, budgets, tools, cache; the answer of a tool or of the cache is then the run's ``chosen``.

        Raises:
            RequestDenied, BudgetExhausted, StateUnavailable
        """
        span = run.trace.child(semconv.SPAN_SIGNALS)
        run.signals = self._read_signals(run.request, self._own_intents)
        run.trace.end(span, {semconv.INTENT: run.signals.intent, semconv.LANGUAGE: run.signals.language})
        if run.tells:
            yield SignalsRead(run.decision_id, run.target.name, run.signals)

        span = run.trace.child(semconv.SPAN_GUARD)
        try:
            run.eligibility = _with_rate(await self._judge(run), run.request.context)
            await self._apply_budgets(run)
        finally:
            left = None if run.eligibility is None else list(run.eligibility.models)
            run.trace.end(span, {semconv.GUARD_ELIGIBLE: left})
        if run.tells:
            yield VerdictsGiven(run.eligibility.verdicts)
        if run.eligibility.denied is not None:
            denied = run.eligibility.denied
            if (spent := exhausted(run.eligibility)) is not None:
                raise spent
            raise RequestDenied(f"rule {denied.rule} denies it: {denied.reason}")
        route = run.target.route
        # What a caller's own function came back with is no question to be answered by a tool.
        if route.tools and run.request.messages[-1].role == "user":
            async for event in self._ask_tools(run):
                yield event
        if run.chosen is None and route.cache is not None:
            async for event in self._cache.lookup(run):
                yield event
        if run.chosen is None and route.sticky is not None:
            await recall(run, self._sessions)

    async def _ask_tools(self, run: Run) -> AsyncGenerator[Event]:
        """Ask the route's tools, until one answers."""
        assert run.eligibility is not None
        tools = [self._tools[name] for name in run.target.route.tools]
        stays = must_stay(self._loaded.policy.rules, run.eligibility.verdicts, run.request.context)
        for tool in admitted(tools, stays=stays):
            async for event in try_tool(run, tool):
                yield event
            if run.chosen is not None:
                return

    async def _judge(self, run: Run) -> Eligibility:
        """What rules and plain facts leave of the models; what else the rules ask for is done to the run.

        Nothing is spent yet, so the caps of the route that it goes on with, or of its intent there, begin here.
        """
        assert run.signals is not None
        situation = Situation(run.target.name, run.request.context, run.signals, run.request.purpose)
        ruling = self._rulebook.apply(situation, run.target.models)
        if ruling.context is not run.request.context:
            run.request = replace(run.request, context=ruling.context)
        begun = run.target.route.caps
        if ruling.route != run.target.name:
            self._go_on_elsewhere(run, ruling)
        caps = run.caps
        if caps is not begun:
            run.ledger = RequestLedger.of(caps.usd, caps.tokens, caps.branches, run.request.context.cost_cap_usd)
        if ruling.redacts and run.request.characters > _LONG_CHARACTERS:
            ruling, run.redaction = await asyncio.to_thread(redacted, ruling, run.request)
        else:
            ruling, run.redaction = redacted(ruling, run.request)
        run.restores = ruling.restores
        open_to_it = [name for name in run.target.models if name not in ruling.exclusions]
        readiness = {name: self._fleet.readiness(name) for name in open_to_it}
        return fit(ruling, run.request, run.signals, readiness, run.max_output_tokens)

    def _go_on_elsewhere(self, run: Run, ruling: Ruling) -> None:
        """The other route's deadline and system prompt replace those of the first, and models are sent the latter."""
        assert run.signals is not None
        before = run.target.route
        run.target = rerouted(run.target, ruling, self._targets.routes)
        request = with_system(_without_system(run.request, before.system), run.target.route.system)
        if request.messages != run.request.messages:
            from router_core.signals.length import estimate_tokens

            tokens = estimate_tokens(message.content for message in request.messages)
            run.request, run.signals = request, replace(run.signals, input_tokens=tokens)

    async def _apply_budgets(self, run: Run) -> None:
        """What the budgets leave of the models that the rules left."""
        assert run.signals is not None
        assert run.eligibility is not None
        purse = await self._budgets.open(run.target.name, run.request.context, run.seconds_left(), run.target.counts_as)
        if purse is None or run.eligibility.denied is not None:
            return
        run.ledger.purse = purse
        tokens = run.signals.input_tokens, run.max_output_tokens
        answering = (name for name in run.eligibility.models if name not in run.target.only_asked)
        most = {name: run.most(name, *tokens) for name in answering}
        run.eligibility = afford(purse, run.eligibility, run.target.models, most)

    def plan(self, run: Run) -> Planned:
        """Whom the strategy would ask, in which order.

        Raises:
            NoEligibleModel, ModelsUnavailable
        """
        assert run.signals is not None
        assert run.eligibility is not None
        if not run.eligibility.models:
            raise nobody_eligible(run)
        if run.redaction is not None:
            # From here on nobody sees the originals: models, judges and validators get what may be sent.
            run.request = replace(run.request, messages=run.redaction.messages)
        span = run.trace.child(semconv.SPAN_PLAN)
        situation = Situation(run.target.name, run.request.context, run.signals, run.request.purpose)
        strategy = run.target.strategy_for(run.signals.intent)
        run.plan = ordered(run, strategy.plan(situation, prospects_of(run, self._fleet), self._rng.random()))
        run.trace.end(span, {semconv.PLAN_MODELS: [place.model for place in run.plan.models]})
        if not run.plan.models:
            raise nobody_eligible(run)
        run.candidates = candidates_of(run)
        return Planned(run.target.strategy_name, run.candidates, run.plan.reason)


def _with_rate(eligibility: Eligibility, context: Context) -> Eligibility:
    """Say of the rate of the request's key that it was not checked, where it was not."""
    if not context.rate_unchecked:
        return eligibility
    reason = "it was not checked: what gateways share is away, and the policy lets requests go on then"
    verdict = Verdict(f"rate:{context.key}", "unchecked", reason)
    return replace(eligibility, verdicts=(*eligibility.verdicts, verdict))


def _without_system(request: RouteRequest, system: str | None) -> RouteRequest:
    """Take the route's own system prompt off again."""
    if system is None or request.messages[0] != Message("system", system):
        return request
    return replace(request, messages=request.messages[1:])


def with_system(request: RouteRequest, system: str | None) -> RouteRequest:
    """Put the route's system prompt before a conversation that has none."""
    if system is None or any(message.role in ("system", "developer") for message in request.messages):
        return request
    return replace(request, messages=(Message("system", system), *request.messages))
