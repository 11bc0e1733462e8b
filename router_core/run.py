"""One request while it is being routed: what is known so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from router_core import semconv
from router_core.baseline import Baseline, strongest
from router_core.branch import Branch
from router_core.clock import Timeline
from router_core.errors import RouteScopeError
from router_core.guard import Eligibility, Exclusion
from router_core.policy.loading import LoadedPolicy
from router_core.policy.schema import Caps
from router_core.pricing import Nano, Price
from router_core.redaction import Redaction
from router_core.request import RouteRequest
from router_core.result import CandidateRecord, Decision, Signals
from router_core.sealing import SealedPlace
from router_core.sessions import Place, Session
from router_core.state.ledger import RequestLedger
from router_core.strategies.base import Plan
from router_core.target import Target
from router_core.tracing import Trace

LEAST_S: Final = 0.002
"""No call takes less, and some event loops end a timer up to a millisecond early."""


@dataclass(slots=True)
class Run:
    """The state of one request. Written by the router alone."""

    request: RouteRequest
    target: Target
    loaded: LoadedPolicy
    prices: Mapping[str, Price | None]
    timeline: Timeline
    decision_id: str
    trace: Trace
    ledger: RequestLedger
    simulated: bool
    watched: bool = True
    """Whether somebody sees tokens as they come; else an answer that breaks off can still be replaced."""
    assumed: Price | None = None
    """What a model of unknown price is taken to cost, under caps and budgets alone."""
    signals: Signals | None = None
    eligibility: Eligibility | None = None
    redaction: Redaction | None = None
    """What models get in place of the messages, when a rule asks for it."""
    restores: bool = False
    """Whether the answer gets the originals back."""
    place: Place | None = None
    """Where the request's session is kept; None where none is."""
    session: Session | None = None
    """What is known of the conversation that the request goes on with."""
    cache_key: SealedPlace | None = None
    """Where the cache keeps this request's answer; None where it does not."""
    cache_words: str = ""
    """A sentence about a cache that was looked into and did not answer."""
    plan: Plan | None = None
    candidates: tuple[CandidateRecord, ...] | None = None
    """As they stood when the plan was made; a cap may exclude some of them later."""
    expected: dict[str, Nano | None] = field(default_factory=dict)
    """Expected cost of one call, by model; filled as it is asked for."""
    baseline: Baseline | None = None
    passed_over: dict[str, Exclusion] = field(default_factory=dict)
    """Models of the plan that were not called when their turn came: caps, breakers, the deadline."""
    branches: list[Branch] = field(default_factory=list)
    chosen: Branch | None = None
    escalated: bool = False
    fell_back: bool = False
    error: RouteScopeError | None = None
    cancelled: bool = False
    first_visible_ns: int | None = None
    consumer_ns: int = 0
    """Time the consumer of our events kept us waiting: not our overhead."""
    waited_ns: int = 0
    """Time spent waiting for models and tools; branches side by side count once."""
    decision: Decision | None = None

    @property
    def max_output_tokens(self) -> int:
        """Tokens that an answer may take: the caller's number, never above the route's or the intent's."""
        limit = self.target.route.max_output_tokens
        override = None if self.signals is None else self.target.route.intents.get(self.signals.intent)
        if override is not None and override.max_output_tokens is not None:
            limit = override.max_output_tokens
        asked = self.request.max_output_tokens
        return int(limit if asked is None else min(asked, limit))

    @property
    def tells(self) -> bool:
        """Whether what happens on the way that nearly every request takes is told as events.

        Where nobody watches it is not: each event passes up to eight generators. But one of theirs ends a race.
        """
        return self.watched or self.target.route.fan_out > 1

    @property
    def caps(self) -> Caps:
        """What this request may spend: what the route says for the intent, else what it says for all."""
        override = None if self.signals is None else self.target.route.intents.get(self.signals.intent)
        return self.target.route.caps if override is None or override.caps is None else override.caps

    @property
    def validators(self) -> tuple[str, ...]:
        """Names of the validators that this request's answers must pass."""
        override = None if self.signals is None else self.target.route.intents.get(self.signals.intent)
        if override is not None and override.validators is not None:
            return tuple(override.validators)
        return self.target.route.validators

    @property
    def baseline_model(self) -> str | None:
        """The strongest model that the guard left: rules and facts count, the plan's thrift does not."""
        eligible = () if self.eligibility is None else self.eligibility.models
        left = [name for name in eligible if name not in self.target.only_asked]
        return strongest(left, self.target.models, self.loaded.policy.tiers)

    @property
    def common(self) -> dict[str, Any]:
        """Attributes of the root span and of every branch, so that a branch row stands alone."""
        return {
            semconv.DECISION_ID: self.decision_id,
            semconv.ROUTE: self.target.name,
            semconv.TENANT: self.request.context.tenant,
            semconv.PURPOSE: self.request.purpose,
            semconv.SIMULATED: self.simulated,
            semconv.INTENT: None if self.signals is None else self.signals.intent,
            semconv.POLICY_VERSION: self.loaded.version,
        }

    @property
    def keeps_content(self) -> bool:
        """Whether spans carry what people wrote; the sink decides how much of it stays."""
        return self.loaded.policy.telemetry.content != "off"

    def expected_cost(self, model: str) -> Nano | None:
        """Nano-USD of one call of this model, by estimated tokens; None when its price is unknown."""
        try:
            return self.expected[model]
        except KeyError:
            assert self.signals is not None
            tokens = self.signals.input_tokens, self.max_output_tokens
            for name in (*self.target.models, model):
                price = self.prices.get(name)
                self.expected[name] = None if price is None else price.expected(*tokens)
        return self.expected[model]

    def most(self, model: str, incoming: int, outgoing: int) -> Nano | None:
        """Nano-USD that a call is held to cost under caps and budgets; None when nothing says what it costs."""
        price = self.prices.get(model) or self.assumed
        return None if price is None else price.expected(incoming, outgoing)

    def seconds_left(self) -> float:
        """Until the request's total deadline; the caller may shorten the route's, never lengthen it."""
        limit_ms = self.target.route.deadline_s * 1e3
        if self.request.context.deadline_ms is not None:
            limit_ms = min(limit_ms, self.request.context.deadline_ms)
        return (limit_ms - self.timeline.elapsed_ms()) / 1e3

    @property
    def in_time(self) -> bool:
        """Whether another call can come home before the deadline."""
        return self.seconds_left() > LEAST_S

    def close_branch(self, branch: Branch) -> None:
        """End a branch's span with all that is known of it. Once."""
        if branch.closed:
            return
        branch.closed = True
        branch.leave()
        if branch.ended_ns is None:
            branch.outcome = branch.outcome or "cancelled"
            branch.stop(self.timeline)
        if branch.reservation is not None and branch.reservation.open:
            self.ledger.settle(branch.reservation, branch.cost, branch.usage.total)
        attributes = {**self.common, **branch.attributes(content=self.keeps_content)}
        self.trace.end(branch.span, attributes, None if branch.error is None else str(branch.error))
