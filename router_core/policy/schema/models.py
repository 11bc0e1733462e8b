"""Models: how each is called, what it costs, where it runs and what it is approved for."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from router_core.policy.schema.values import Amount, Capability, Location, Seconds, Share, Strict
from router_core.request import DataClass


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


class Deployment(Strict):
    """One of several places where the same model runs."""

    name: str
    """Stands in decisions and on the health page, beside the model's name."""
    provider: ProviderEntry
    """How it is called."""
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    """Its part of the model's calls, compared with the weights of the others."""
    region: str | None = None
    """Where it runs. When the model has a `region` too, both must be the same: rules ask for the model's."""


class Model(Strict):
    """A callable model."""

    # After validation there always is a provider: of several deployments, the first one's.
    provider: ProviderEntry = Field(default=None)  # type: ignore[assignment]
    """How the model is called. Either this or `deployments` is needed."""
    deployments: tuple[Deployment, ...] = ()
    """In place of `provider`, when the same model runs in several places."""
    tier: str
    """One of the policy's `tiers`."""
    location: Location
    """Whether prompts stay on this machine (or in this network) or leave it."""
    region: str | None = None
    """Where it runs, as `eu` or `us-east`; rules may ask for it."""
    approvals: frozenset[str] = frozenset()
    """What this model is approved for, as `regulated`; rules may ask for it. The table `[approvals]` adds to it."""
    max_data_class: DataClass | None = None
    """The most protected data it accepts. Without it: `regulated` when it is local, `internal` when it is cloud."""
    domains: frozenset[str] = frozenset()
    """What it is specialised in."""
    capabilities: frozenset[Capability] = frozenset()
    """What it can do besides answering in text. Requests that offer functions ("tools" to OpenAI's clients) go only to
    models that have `tools`, those with a response schema to models that have `json`, those with images to models that
    have `images`."""
    quality: dict[str, Share] = {}
    """How good its answers are, 0 to 1, by intent, and `default` for all others; strategies may ask for a floor."""
    context_window: Annotated[int, Field(ge=256)] = 8192
    """Tokens of prompt and answer together."""
    price: PriceEntry | None = None
    """Unknown when absent: costs are then shown as unknown, and a cost cap excludes the model."""
    fallback: str | None = None
    """The model to try next when this one fails; otherwise the plan's next."""
    timeout_s: Seconds = 60.0
    """Longest time for one attempt; the request's deadline may be shorter."""
    first_token_timeout_s: Seconds | None = None
    """Longest time until the first token of an attempt; without it only `timeout_s` counts."""
    owner: str | None = None
    """Who answers for this model."""

    @model_validator(mode="after")
    def _has_provider(self) -> Self:
        if self.deployments:
            first = self.deployments[0].provider
            if self.provider is not None and self.provider != first:
                raise _at_odds("it has a provider and deployments", "keep one of them")
            # Rules ask for the model's region: it must be true of every call.
            if self.region is not None and any(place.region not in (None, self.region) for place in self.deployments):
                raise _at_odds(
                    f"it claims region {self.region!r}, but one of its deployments is elsewhere",
                    "make that deployment a model of its own, or claim no region",
                )
            self.__dict__["provider"] = first
        elif self.provider is None:
            raise _at_odds("it has no provider", "add provider = { kind = ... }, or deployments")
        return self

    @property
    def accepts(self) -> DataClass:
        """The most protected data it accepts, stated or by its location."""
        return self.max_data_class or ("regulated" if self.location == "local" else "internal")

    @cached_property
    def places(self) -> tuple[Deployment, ...]:
        """Where the model runs: its deployments, or the one place that its provider is. Never empty."""
        return self.deployments or (Deployment(name=ONLY_PLACE, provider=self.provider, region=self.region),)


ONLY_PLACE = "only"
"""Name of the one place of a model without `deployments`."""


def _at_odds(problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("at_odds", "{problem}; {remedy}", {"problem": problem, "remedy": remedy})
