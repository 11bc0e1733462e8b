"""The policy's types: what one TOML file may say. Cross-checks between its parts are in `policy.crosscheck`.

Every field's docstring is its documentation: docs/policy.md is generated from here.
"""

from router_core.policy.schema.document import Policy, TelemetryEntry
from router_core.policy.schema.models import (
    CatalogPriceEntry,
    ComputePriceEntry,
    LiteLLMProvider,
    LocalProvider,
    Model,
    OpenAIProvider,
    PriceEntry,
    ProviderEntry,
    ScriptedProvider,
    TokensPriceEntry,
)
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
    "Exclude",
    "IntentOverride",
    "LengthValidator",
    "LiteLLMProvider",
    "LocalProvider",
    "Location",
    "Model",
    "OpenAIProvider",
    "Policy",
    "PriceEntry",
    "ProviderEntry",
    "RefusalValidator",
    "Require",
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
