"""Guard rules: when they hold and what follows. They can only narrow."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Amount, Count, Domain, Location, Share, Strict
from router_core.request import DataClass, Purpose, Risk


class Condition(Strict):
    """Holds when every field given holds. Without any field it always holds."""

    routes: frozenset[str] | None = None
    """Holds for requests to one of these routes, also when another rule sent the request there."""
    intents: frozenset[str] | None = None
    """Holds when the classifier reads one of these intents, built-in or own."""
    domains: frozenset[Domain] | None = None
    """Holds when the prompt is about one of these; `general` when nothing speaks for another one."""
    languages: frozenset[str] | None = None
    """Holds for prompts in one of these languages, by ISO 639-1; `und` when too short to tell."""
    tenants: frozenset[str] | None = None
    """Holds for requests of one of these tenants."""
    tags: frozenset[str] | None = None
    """Holds when the request has one of them."""
    purposes: frozenset[Purpose] | None = None
    """Holds for requests made for one of these purposes."""
    data_classes: frozenset[DataClass] | None = None
    """Holds when the data are of one of these classes, as the caller states or a rule raises it."""
    min_data_class: DataClass | None = None
    """Holds when the data are of this class or a more protected one."""
    min_risk: Risk | None = None
    """Holds when the risk is this or a higher one, as the caller states or a rule raises it."""
    pii: bool | None = None
    """Whether personal data was found in the conversation; what is too long to be searched counts as holding some."""
    secrets: bool | None = None
    """Whether keys or passwords were found in the conversation; what is too long to be searched counts the same."""
    min_injection: Share | None = None
    """Holds when the conversation looks like an injection by at least this score. Advisory: docs/signals.md."""
    code: bool | None = None
    """Whether the prompt holds code."""
    min_complexity: Share | None = None
    """Holds for prompts of at least this complexity, 0 to 1 (docs/signals.md)."""
    max_complexity: Share | None = None
    """Holds for prompts of at most this complexity."""
    min_words: Annotated[int, Field(ge=0)] | None = None
    """Holds for prompts of at least so many words."""
    max_words: Annotated[int, Field(ge=0)] | None = None
    """Holds for prompts of at most so many words."""
    min_tokens: Annotated[int, Field(ge=0)] | None = None
    """Holds for conversations of at least so many tokens, as estimated."""
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    """Holds for conversations of at most so many tokens, as estimated."""
    min_tool_trouble: Share | None = None
    """Holds when the request brings results of functions and their calls went at least so badly (docs/signals.md)."""
    min_tool_rounds: Count | None = None
    """Holds when the request brings results of functions after at least so many rounds of calls."""
    max_deadline_ms: Count | None = None
    """Holds when the caller asks for an answer within so many milliseconds or fewer."""
    max_latency_target_ms: Count | None = None
    """Holds when the caller states a latency target of so many milliseconds or fewer."""
    max_cost_cap_usd: Amount | None = None
    """Holds when the caller caps the request's cost at so many USD or fewer."""
    cel: str | None = None
    """An expression in CEL over `signals`, `context`, `route` and `purpose`, for what the other fields do not reach.
    When it cannot be evaluated it holds."""


class Deny(Strict):
    """The request ends with a 403 and this sentence."""

    kind: Literal["deny"]
    message: str
    """What the caller is told."""


class Require(Strict):
    """Only models that satisfy every field given stay."""

    kind: Literal["require"]
    models: frozenset[str] | None = None
    """Models by name."""
    tiers: frozenset[str] | None = None
    """Models of these tiers."""
    location: Location | None = None
    """Models that run there."""
    regions: frozenset[str] | None = None
    """Models whose `region` is one of these."""
    approvals: frozenset[str] | None = None
    """Models need all of them."""
    domains: frozenset[str] | None = None
    """Models need one of them."""
    data_class: DataClass | None = None
    """Models that accept data of this class."""


class Exclude(Strict):
    """Models that satisfy any field given go."""

    kind: Literal["exclude"]
    models: frozenset[str] | None = None
    """Models by name."""
    tiers: frozenset[str] | None = None
    """Models of these tiers."""
    location: Location | None = None
    """Models that run there."""
    regions: frozenset[str] | None = None
    """Models whose `region` is one of these, or not known."""


class Raise(Strict):
    """The request counts as at least so risky, or its data as at least so protected, for all other rules.

    Its own conditions look at what the caller stated. Nothing ever lowers either.
    """

    kind: Literal["raise"]
    risk: Risk | None = None
    """The least risk that is assumed."""
    data_class: DataClass | None = None
    """The least protected class that is assumed; models accept data up to their `max_data_class`."""


class Redact(Strict):
    """Models get the messages with placeholders as `[email-1]` in place of personal data and secrets.

    What cannot be masked for sure is not sent: the request is denied.
    """

    kind: Literal["redact"]
    restore: bool = False
    """Whether the final answer gets the originals back where it repeats a placeholder. Secrets never come back."""


class RouteTo(Strict):
    """The request goes on as another route, among the models that both routes may use."""

    kind: Literal["route_to"]
    route: str
    """The other route: its strategy, validators, caps and deadline hold from here on."""


RuleOutcome: TypeAlias = Annotated[Deny | Require | Exclude | Raise | Redact | RouteTo, Field(discriminator="kind")]


class Rule(Strict):
    """A guard rule: it can only narrow what a request may use."""

    name: str
    """Stands in the decision beside every exclusion it makes."""
    owner: str | None = None
    """Who answers for this rule."""
    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]
    """The rule applies when one of these conditions holds."""
    then: RuleOutcome
    """What follows when the rule applies."""
