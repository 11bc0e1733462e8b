"""The policy's types: what one TOML file may say. Cross-checks between its parts are in `policy.crosscheck`.

Every field's docstring is its documentation: docs/policy.md is generated from here.
"""

from router_core.policy.schema.document import Policy, TelemetryEntry
from router_core.policy.schema.models import (
    CatalogPriceEntry,
    ComputePriceEntry,
    Deployment,
    LiteLLMProvider,
    LocalProvider,
    Model,
    OpenAIProvider,
    PriceEntry,
    ProviderEntry,
    ScriptedProvider,
    TokensPriceEntry,
)
from router_core.policy.schema.resilience import BreakerEntry, OutlierEntry, ResilienceEntry, RetryEntry
from router_core.policy.schema.routes import Caps, CascadeStrategy, IntentOverride, Route, StrategyEntry
from router_core.policy.schema.rules import Condition, Deny, Exclude, Require, Rule, RuleOutcome
from router_core.policy.schema.tools import CalculatorTool, SearchTool, ToolEntry
from router_core.policy.schema.validators import (
    AgreementValidator,
    LengthValidator,
    RefusalValidator,
    SchemaValidator,
    ValidatorEntry,
)
from router_core.policy.schema.values import Amount, BuiltinIntent, Capability, Count, Location, Seconds, Share, Strict

__all__ = [
    "AgreementValidator",
    "Amount",
    "BreakerEntry",
    "BuiltinIntent",
    "CalculatorTool",
    "Capability",
    "Caps",
    "CascadeStrategy",
    "CatalogPriceEntry",
    "ComputePriceEntry",
    "Condition",
    "Count",
    "Deny",
    "Deployment",
    "Exclude",
    "IntentOverride",
    "LengthValidator",
    "LiteLLMProvider",
    "LocalProvider",
    "Location",
    "Model",
    "OpenAIProvider",
    "OutlierEntry",
    "Policy",
    "PriceEntry",
    "ProviderEntry",
    "RefusalValidator",
    "Require",
    "ResilienceEntry",
    "RetryEntry",
    "Route",
    "Rule",
    "RuleOutcome",
    "SchemaValidator",
    "ScriptedProvider",
    "SearchTool",
    "Seconds",
    "Share",
    "StrategyEntry",
    "Strict",
    "TelemetryEntry",
    "TokensPriceEntry",
    "ToolEntry",
    "ValidatorEntry",
]
