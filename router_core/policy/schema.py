"""The policy's types: what one TOML file may say. Cross-checks between its parts are in `loading`.

Every field's ``description`` is its documentation: docs/policy.md is generated from here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from router_core.request import DataClass, Risk

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Amount: TypeAlias = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600)]
Location: TypeAlias = Literal["local", "cloud"]
Capability: TypeAlias = Literal["json", "images", "tools"]
BuiltinIntent: TypeAlias = Literal[
    "summarise", "extract", "classify", "translate", "code", "reason", "math", "chat", "creative", "search"
]


class Strict(BaseModel):
    """Base: unknown keys are faults, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# --- prices ---------------------------------------------------------------------------------------------------
class TokensPriceEntry(Strict):
    """A price list by tokens."""

    kind: Literal["tokens"]
    input: Amount
    """USD per million input tokens."""
    output: Amount
    """USD per million output tokens."""
    cache_read: Amount | None = None
    """USD per million input tokens read from the provider's prompt cache; without it they cost `input`."""


class ComputePriceEntry(Strict):
    """What a machine of one's own costs while it works."""

    kind: Literal["compute"]
    usd_per_second: Amount
    """USD per second of work: the machine's price by the hour / 3600."""
    input_tokens_per_second: Annotated[float, Field(gt=0)] = 100.0
    """How fast it reads; only for the expected cost of calls that are not made."""
    output_tokens_per_second: Annotated[float, Field(gt=0)] = 10.0
    """How fast it writes; only for the expected cost of calls that are not made."""


class CatalogPriceEntry(Strict):
    """The price that litellm's local price list gives for this model; unknown when it has none."""

    kind: Literal["catalog"]


PriceEntry: TypeAlias = Annotated[TokensPriceEntry | ComputePriceEntry | CatalogPriceEntry, Field(discriminator="kind")]


# --- providers --------------------------------------------------------------------------------------------------
class LocalProvider(Strict):
    """A model file on this machine, served by llama.cpp."""

    kind: Literal["local"]
    file: str
    """Name in the model catalogue; `routescope models list` shows them."""


class OpenAIProvider(Strict):
    """Any endpoint that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, a gateway."""

    kind: Literal["openai"]
    base_url: str
    """Up to and with `/v1`."""
    model: str
    """The upstream's name of the model."""
    api_key_env: str | None = None
    """Environment variable that holds the key; none for endpoints without keys."""


class LiteLLMProvider(Strict):
    """A provider that litellm translates for: OpenAI, Anthropic, Gemini, Mistral, Groq, OpenRouter and more."""

    kind: Literal["litellm"]
    model: str
    """litellm's name, as `anthropic/claude-sonnet-4-5`."""
    api_key_env: str | None = None
    """Environment variable that holds the key; by default the provider's usual one."""
    base_url: str | None = None
    """Another endpoint than the provider's own."""


class ScriptedProvider(Strict):
    """Made-up answers by a script, for the demo and for tests. What it answers is simulated."""

    kind: Literal["scripted"]
    script: str = "default"
    """Name of the script that wiring registered."""


ProviderEntry: TypeAlias = Annotated[
    LocalProvider | OpenAIProvider | LiteLLMProvider | ScriptedProvider, Field(discriminator="kind")
]


class Model(Strict):
    """A callable model."""

    provider: ProviderEntry
    """How the model is called."""
    tier: str
    """One of the policy's `tiers`."""
    location: Location
    """Whether prompts stay on this machine (or in this network) or leave it."""
    region: str | None = None
    """Where it runs, as `eu` or `us-east`; rules may ask for it."""
    approvals: frozenset[str] = frozenset()
    """What this model is approved for, as `regulated`; rules may ask for it."""
    domains: frozenset[str] = frozenset()
    """What it is specialised in."""
    capabilities: frozenset[Capability] = frozenset()
    """What it can do besides answering in text."""
    context_window: Annotated[int, Field(ge=256)] = 8192
    """Tokens of prompt and answer together."""
    price: PriceEntry | None = None
    """Unknown when absent: costs are then shown as unknown, and a cost cap excludes the model."""
    fallback: str | None = None
    """The model to try next when this one fails; otherwise the plan's next."""
    timeout_s: Seconds = 60.0
    """Longest time for one attempt; the request's deadline may be shorter."""
    owner: str | None = None
    """Who answers for this model."""


# --- tools ------------------------------------------------------------------------------------------------------
class CalculatorTool(Strict):
    """Exact arithmetic, for prompts that are nothing but a calculation."""

    kind: Literal["calculator"]
    threshold: Share = 0.9
    """Lowest confidence at which its answer ends the request."""
    timeout_s: Seconds = 1.0
    """Longest time it may take; then the next tool or a model is asked."""


class SearchTool(Strict):
    """Full-text search over a folder of Markdown and text files; answers with the passage and its source."""

    kind: Literal["search"]
    folder: str
    """Folder of .md and .txt files, relative to the policy file."""
    threshold: Share = 0.6
    """Lowest confidence (share of the question's weight that the passage covers) that ends the request."""
    timeout_s: Seconds = 2.0
    """Longest time it may take; then the next tool or a model is asked."""


ToolEntry: TypeAlias = Annotated[CalculatorTool | SearchTool, Field(discriminator="kind")]


# --- validators -------------------------------------------------------------------------------------------------
class RefusalValidator(Strict):
    """0 for an empty answer, one that refuses, or one that repeats itself; else 1."""

    kind: Literal["refusal"]
    threshold: Share = 0.5
    """Lowest score that passes."""


class LengthValidator(Strict):
    """1 when the answer's length is within bounds and it was not cut off; falls off outside."""

    kind: Literal["length"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    min_words: Annotated[int, Field(ge=0)] = 1
    """Fewest words of an answer."""
    max_words: Annotated[int, Field(ge=1)] | None = None
    """Most words of an answer."""
    max_ratio: Annotated[float, Field(gt=0)] | None = None
    """Longest answer as a multiple of the prompt's words; for summaries below 1."""


class SchemaValidator(Strict):
    """1 when the answer is JSON that satisfies a schema: the request's own, or this one."""

    kind: Literal["schema"]
    threshold: Share = 1.0
    """Lowest score that passes."""
    json_schema: dict[str, Any] | None = None
    """A JSON schema; without it the request's, and without that any JSON will do."""


class AgreementValidator(Strict):
    """Share of other cheap models whose answer says the same. The strongest confidence signal there is."""

    kind: Literal["agreement"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    probes: Annotated[tuple[str, ...], Field(min_length=1)]
    """Models asked for an extra answer, each a branch of kind `probe` whose cost counts."""
    extract: Literal["auto", "number", "choice", "json", "text"] = "auto"
    """What is compared."""


ValidatorEntry: TypeAlias = Annotated[
    RefusalValidator | LengthValidator | SchemaValidator | AgreementValidator, Field(discriminator="kind")
]


# --- rules ------------------------------------------------------------------------------------------------------
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


# --- strategies and routes --------------------------------------------------------------------------------------
class CascadeStrategy(Strict):
    """Weakest tier first; the next one only when an answer fails its validators."""

    kind: Literal["cascade"]
    tiers: Annotated[tuple[str, ...], Field(min_length=1)]
    """In the order in which they are tried."""


StrategyEntry: TypeAlias = CascadeStrategy


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
    max_output_tokens: Count | None = None
    """In place of the route's."""


class Route(Strict):
    """A named entry point."""

    description: str = ""
    """One line for people who choose a route."""
    owner: str | None = None
    """Who answers for this route."""
    strategy: StrategyEntry
    """How the eligible models are ordered."""
    standby: tuple[str, ...] = ()
    """Tiers asked only while no model of the wanted tiers may be called: still being pulled, say."""
    tools: tuple[str, ...] = ()
    """Tried in this order before any model."""
    validators: tuple[str, ...] = ()
    """Every one must pass; else the request escalates."""
    intents: dict[BuiltinIntent, IntentOverride] = {}
    """What is otherwise for single intents."""
    aggregator: Literal["first_accepted", "best_score"] = "first_accepted"
    """Which answer is given: the first that passed (without one, the last), or the one with the best score."""
    stream: Literal["accepted", "immediate"] = "accepted"
    """`immediate` lets the first branch's tokens out as they come: no validators then."""
    caps: Caps = Caps()
    """What one request may spend."""
    deadline_s: Seconds = 120.0
    """Seconds for the whole request; a caller may ask for less, never for more."""
    max_output_tokens: Count = 512
    """Longest answer of one call; a caller may ask for less, never for more."""
    system: str | None = None
    """System prompt put before the conversation when it has none."""


class TelemetryEntry(Strict):
    """What is kept, and when an answer counts as complete."""

    content: Literal["off", "hash", "redacted", "full"] = "off"
    """Whether prompts and answers are stored."""
    durability: Literal["commit", "async"] = "commit"
    """`commit`: an answer is complete when its decision is in the database."""
    audit: Literal["lenient", "strict"] = "lenient"
    """`strict` refuses an answer whose decision could not be kept anywhere."""
    database_url: str | None = None
    """Where decisions are kept; a flag and the environment beat it. Default: SQLite in the data folder."""


class Policy(Strict):
    """The whole routing configuration."""

    format: Literal[1]
    """Version of this file format."""
    name: str
    """Stands in every decision, with the version."""
    description: str = ""
    """One line for people who choose a policy."""
    owner: str | None = None
    """Who answers for this policy."""
    default_route: str
    """The route of requests that name none."""
    tiers: Annotated[tuple[str, ...], Field(min_length=1)]
    """From the weakest to the strongest. The baseline of a request is its strongest eligible model."""
    models: Annotated[dict[str, Model], Field(min_length=1)]
    """The models, by the name that rules and decisions use."""
    tools: dict[str, ToolEntry] = {}
    """Structured resolvers that routes may try before any model."""
    validators: dict[str, ValidatorEntry] = {}
    """Checks of an answer that routes may ask for."""
    rules: tuple[Rule, ...] = ()
    """Guard rules, applied in this order."""
    routes: Annotated[dict[str, Route], Field(min_length=1)]
    """The entry points, by name; a client asks for `route/NAME`."""
    telemetry: TelemetryEntry = TelemetryEntry()
    """What is kept."""
