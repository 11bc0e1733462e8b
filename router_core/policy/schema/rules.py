"""Guard rules: when they hold and what follows. They can only narrow."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import BuiltinIntent, Location, Strict
from router_core.request import DataClass, Risk


class Condition(Strict):
    """Holds when every field given holds. Without any field it always holds."""

    routes: frozenset[str] | None = None
    """Holds for requests to one of these routes."""
    intents: frozenset[BuiltinIntent] | None = None
    """Holds when the classifier reads one of these intents."""
    languages: frozenset[str] | None = None
    """Holds for prompts in one of these languages, by ISO 639-1; `und` when too short to tell."""
    tenants: frozenset[str] | None = None
    """Holds for requests of one of these tenants."""
    tags: frozenset[str] | None = None
    """Holds when the request has one of them."""
    data_classes: frozenset[DataClass] | None = None
    """Holds when the caller states one of these data classes."""
    min_risk: Risk | None = None
    """Holds when the caller states this risk or a higher one."""
    pii: bool | None = None
    """Whether personal data was found in the conversation."""
    secrets: bool | None = None
    """Whether keys or passwords were found in the conversation."""
    code: bool | None = None
    """Whether the prompt holds code."""
    min_words: Annotated[int, Field(ge=0)] | None = None
    """Holds for prompts of at least so many words."""
    max_words: Annotated[int, Field(ge=0)] | None = None
    """Holds for prompts of at most so many words."""


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


class Exclude(Strict):
    """Models that satisfy any field given go."""

    kind: Literal["exclude"]
    models: frozenset[str] | None = None
    """Models by name."""
    tiers: frozenset[str] | None = None
    """Models of these tiers."""
    location: Location | None = None
    """Models that run there."""


RuleOutcome: TypeAlias = Annotated[Deny | Require | Exclude, Field(discriminator="kind")]


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
