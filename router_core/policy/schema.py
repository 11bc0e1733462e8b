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


# --- tools ------------------------------------------------------------------------------------------------------
class CalculatorTool(Strict):
    """Exact arithmetic, for prompts that are nothing but a calculation."""

    kind: Literal["calculator"]
    threshold: Share = 0.9
    """Lowest confidence at which its answer ends the request."""
    timeout_s: Seconds = 1.0


class SearchTool(Strict):
    """Full-text search over a folder of Markdown and text files; answers with the passage and its source."""

    kind: Literal["search"]
    folder: str
    """Folder of .md and .txt files, relative to the policy file."""
    threshold: Share = 0.6
    """Lowest confidence (share of the question's weight that the passage covers) that ends the request."""
    timeout_s: Seconds = 2.0


ToolEntry: TypeAlias = Annotated[CalculatorTool | SearchTool, Field(discriminator="kind")]


# --- validators -------------------------------------------------------------------------------------------------
class RefusalValidator(Strict):
    """0 for an empty answer, one that refuses, or one that repeats itself; else 1."""

    kind: Literal["refusal"]
    threshold: Share = 0.5


class LengthValidator(Strict):
    """1 when the answer's length is within bounds and it was not cut off; falls off outside."""

    kind: Literal["length"]
    threshold: Share = 0.5
    min_words: Annotated[int, Field(ge=0)] = 1
    max_words: Annotated[int, Field(ge=1)] | None = None
    max_ratio: Annotated[float, Field(gt=0)] | None = None
    """Longest answer as a multiple of the prompt's words; for summaries below 1."""


class SchemaValidator(Strict):
    """1 when the answer is JSON that satisfies a schema: the request's own, or this one."""

    kind: Literal["schema"]
    threshold: Share = 1.0
    json_schema: dict[str, Any] | None = None
    """A JSON schema; without it the request's, and without that any JSON will do."""


class AgreementValidator(Strict):
    """Share of other cheap models whose answer says the same. The strongest confidence signal there is."""

    kind: Literal["agreement"]
    threshold: Share = 0.5
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
    intents: frozenset[BuiltinIntent] | None = None
    languages: frozenset[str] | None = None
    tenants: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    """Holds when the request has one of them."""
    data_classes: frozenset[DataClass] | None = None
    min_risk: Risk | None = None
    pii: bool | None = None
    """Whether personal data was found in the conversation."""
    secrets: bool | None = None
    """Whether keys or passwords were found in the conversation."""
    code: bool | None = None
    min_words: Annotated[int, Field(ge=0)] | None = None
    max_words: Annotated[int, Field(ge=0)] | None = None


class Deny(Strict):
    """The request ends with a 403 and this sentence."""

    kind: Literal["deny"]
    message: str


class Require(Strict):
    """Only models that satisfy every field given stay."""

    kind: Literal["require"]
    models: frozenset[str] | None = None
    tiers: frozenset[str] | None = None
    location: Location | None = None
    regions: frozenset[str] | None = None
    approvals: frozenset[str] | None = None
    """Models need all of them."""
    domains: frozenset[str] | None = None
    """Models need one of them."""


class Exclude(Strict):
    """Models that satisfy any field given go."""

    kind: Literal["exclude"]
    models: frozenset[str] | None = None
    tiers: frozenset[str] | None = None
    location: Location | None = None


RuleOutcome: TypeAlias = Annotated[Deny | Require | Exclude, Field(discriminator="kind")]


class Rule(Strict):
    """A guard rule: it can only narrow what a request may use."""

    name: str
    owner: str | None = None
    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]
    """The rule applies when one of these conditions holds."""
    then: RuleOutcome


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
    tokens: Count | None = None
    branches: Count = 6


class IntentOverride(Strict):
    """What a route does otherwise for one intent."""

    tiers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    validators: tuple[str, ...] | None = None
    max_output_tokens: Count | None = None


class Route(Strict):
    """A named entry point."""

    description: str = ""
    owner: str | None = None
    strategy: StrategyEntry
    tools: tuple[str, ...] = ()
    """Tried in this order before any model."""
    validators: tuple[str, ...] = ()
    """Every one must pass; else the request escalates."""
    intents: dict[BuiltinIntent, IntentOverride] = {}
    aggregator: Literal["first_accepted", "best_score"] = "first_accepted"
    stream: Literal["accepted", "immediate"] = "accepted"
    """`immediate` lets the first branch's tokens out as they come: no validators then."""
    caps: Caps = Caps()
    deadline_s: Seconds = 120.0
    max_output_tokens: Count = 512
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


class Policy(Strict):
    """The whole routing configuration."""

    format: Literal[1]
    """Version of this file format."""
    name: str
    description: str = ""
    owner: str | None = None
    default_route: str
    tiers: Annotated[tuple[str, ...], Field(min_length=1)]
    """From the weakest to the strongest. The baseline of a request is its strongest eligible model."""
    models: Annotated[dict[str, Model], Field(min_length=1)]
    tools: dict[str, ToolEntry] = {}
    validators: dict[str, ValidatorEntry] = {}
    rules: tuple[Rule, ...] = ()
    routes: Annotated[dict[str, Route], Field(min_length=1)]
    telemetry: TelemetryEntry = TelemetryEntry()
