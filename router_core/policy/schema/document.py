"""The whole policy: one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from router_core.policy.schema.alerts import AlertEntry, AlertingEntry
from router_core.policy.schema.budgets import Budget
from router_core.policy.schema.evaluation import EvaluationEntry
from router_core.policy.schema.intents import IntentEntry
from router_core.policy.schema.models import Model, TokensPriceEntry
from router_core.policy.schema.resilience import ResilienceEntry
from router_core.policy.schema.routes import Route
from router_core.policy.schema.rules import Rule
from router_core.policy.schema.state import StateEntry
from router_core.policy.schema.tools import ToolEntry
from router_core.policy.schema.validators import ValidatorEntry
from router_core.policy.schema.values import Seconds, Strict


class CollectorEntry(Strict):
    """A copy of each span for a collector, over OTLP/HTTP; the variables `OTEL_EXPORTER_OTLP_*` beat it."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$", max_length=500)]
    """Up to, and without, `/v1/traces`."""
    headers_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)] | None = None
    """Environment variable that holds headers, as `authorization=Bearer%20abc,x-team=search`."""
    signals: tuple[Literal["traces", "metrics", "logs"], ...] = ("traces",)
    """What is sent. Logs are decisions and incidents."""
    compression: Literal["gzip", "none"] = "gzip"
    """How bodies are sent."""
    timeout_s: Seconds = 10.0
    """Seconds that one attempt may take."""


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
    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Whole UTC days before today of which decisions are kept; older ones are pruned once a day. Rollups and drift
    findings stay. Default: for ever."""
    keep_content_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """The same for prompts and answers alone; not more than `keep_days`. Default: as long as their decisions."""

    otlp: CollectorEntry | None = None
    """Where else spans go."""

    @model_validator(mode="after")
    def _content_goes_first(self) -> Self:
        if self.keep_days is not None and (self.keep_content_days or 0) > self.keep_days:
            problem = f"content is to be kept for {self.keep_content_days} days, decisions for {self.keep_days}"
            remedy = f"use keep_content_days = {self.keep_days} or less: with a decision all that belongs to it goes"
            raise PydanticCustomError("at_odds", "{problem}; {remedy}", {"problem": problem, "remedy": remedy})
        return self


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
    intents: dict[str, IntentEntry] = {}
    """Own intents, by name, beside the built-in ones."""
    tools: dict[str, ToolEntry] = {}
    """Structured resolvers that routes may try before any model."""
    validators: dict[str, ValidatorEntry] = {}
    """Checks of an answer that routes may ask for."""
    approvals: dict[str, tuple[str, ...]] = {}
    """Models by what they are approved for, as `regulated = ["model-a"]`; the same as the models' own `approvals`."""
    rules: tuple[Rule, ...] = ()
    """Guard rules, applied in this order."""
    routes: Annotated[dict[str, Route], Field(min_length=1)]
    """The entry points, by name; a client asks for `route/NAME`."""
    budgets: tuple[Budget, ...] = ()
    """What may be spent in a day or a month."""
    assume_price: TokensPriceEntry | None = None
    """What a model of unknown price is taken to cost under caps and budgets; its bill stays unknown. Without it, caps
    and budgets exclude such a model."""
    resilience: ResilienceEntry = Field(default_factory=ResilienceEntry)
    """What the router does about faults of upstreams."""
    state: StateEntry = Field(default_factory=StateEntry)
    """What becomes of requests while the state that gateways share is away."""
    telemetry: TelemetryEntry = Field(default_factory=TelemetryEntry)
    """What is kept."""
    evaluation: EvaluationEntry = Field(default_factory=EvaluationEntry)
    """Which answers are judged after they were given."""
    alerts: tuple[AlertEntry, ...] = ()
    """Alert rules, besides the built-in ones."""
    alerting: AlertingEntry = Field(default_factory=AlertingEntry)
    """Who is told of alerts."""

    @model_validator(mode="before")
    @classmethod
    def _approve(cls, data: Any) -> Any:
        """Give each model what the table `[approvals]` says of it; what does not fit is left to its own field."""
        table = data.get("approvals") if isinstance(data, Mapping) else None
        models = data.get("models") if isinstance(data, Mapping) else None
        if not isinstance(table, Mapping) or not isinstance(models, Mapping):
            return data
        return {**data, "models": {name: _approved(name, model, table) for name, model in models.items()}}


def _approved(name: str, model: Any, table: Mapping[str, Any]) -> Any:
    given = [approval for approval, names in table.items() if isinstance(names, list) and name in names]
    own = model.get("approvals", []) if isinstance(model, Mapping) else None
    return {**model, "approvals": [*own, *given]} if given and isinstance(own, list) else model
