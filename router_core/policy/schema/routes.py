"""Routes: the entry points, how each orders its models, and what one request may spend."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router_core.policy.schema.caching import CacheEntry
from router_core.policy.schema.sessions import StickyEntry
from router_core.policy.schema.strategies import StrategyEntry
from router_core.policy.schema.validators import CombinationEntry, all_must_pass
from router_core.policy.schema.values import Amount, Count, Seconds, Share, Strict


class Caps(Strict):
    """What one request may spend, discarded branches and probes included."""

    usd: Amount | None = None
    """USD; a model without a price is then excluded."""
    tokens: Count | None = None
    """Tokens of all branches, prompt and answer together."""
    branches: Count = 6
    """Calls of models, probes included."""


class IntentOverride(Strict):
    """What a route does otherwise for one intent."""

    tiers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """In place of the strategy's tiers, in the order in which they are tried."""
    validators: tuple[str, ...] | None = None
    """In place of the route's validators."""
    thresholds: dict[str, Share] = {}
    """By validator, in place of the route's and of the validator's own."""
    combine: CombinationEntry | None = None
    """In place of the route's."""
    max_output_tokens: Count | None = None
    """In place of the route's."""
    caps: Caps | None = None
    """In place of the route's, all of them."""


class Route(Strict):
    """A named entry point."""

    description: str = ""
    """One line for people who choose a route."""
    owner: str | None = None
    """Who answers for this route."""
    strategy: StrategyEntry
    """How the eligible models are ordered."""
    standby: tuple[str, ...] = ()
    """Tiers asked only while no model that the strategy wants may be called: still being pulled, say."""
    tools: tuple[str, ...] = ()
    """Tried in this order before any model."""
    validators: tuple[str, ...] = ()
    """How answers are scored; one that does not pass makes the request escalate."""
    thresholds: dict[str, Share] = {}
    """By validator, in place of the validator's own."""
    combine: CombinationEntry = Field(default_factory=all_must_pass)
    """How the scores of several validators become one verdict."""
    intents: dict[str, IntentOverride] = {}
    """What is otherwise for single intents."""
    safety_model: str | None = None
    """The model to ask when another one's safety filter stopped the answer; otherwise the plan's next."""
    larger_context: tuple[str, ...] = ()
    """Models to ask, in this order, when a model found the prompt too long; otherwise the next with a larger window."""
    fan_out: Annotated[int, Field(ge=1, le=8)] = 1
    """Models asked side by side at first; more are asked one by one when their answers are not accepted."""
    aggregator: Literal["first_accepted", "best_score", "majority"] = "first_accepted"
    """Which answer is given: the first that passed (without one, the last), the one with the best score, or the one
    that most models give."""
    stream: Literal["accepted", "immediate"] = "accepted"
    """`immediate` lets the first branch's tokens out as they come: no validators then."""
    sticky: StickyEntry | None = None
    """Keeps a conversation with the model that answered it last; without it every turn is routed anew."""
    escalate_on_tool_trouble: Share | None = None
    """From this `tool_trouble` on (docs/signals.md) a request that brings results of functions begins with the next
    stronger model of the plan. Default: never."""
    cache: CacheEntry | None = None
    """Gives an accepted answer again to the same request; without it every request is answered anew."""
    caps: Caps = Field(default_factory=Caps)
    """What one request may spend."""
    deadline_s: Seconds = 120.0
    """Seconds for the whole request; a caller may ask for less, never for more."""
    max_output_tokens: Count = 512
    """Longest answer of one call; a caller may ask for less, never for more."""
    system: str | None = None
    """System prompt put before the conversation when it has none."""
