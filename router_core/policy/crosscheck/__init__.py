"""What one part of a policy says of another: names that must exist, chains that must end, tiers that must not be empty.

Works on the parsed TOML, not on the typed policy, so that these faults are reported together with those of the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router_core.policy.crosscheck.alerts import alert_faults
from router_core.policy.crosscheck.budgets import budget_faults
from router_core.policy.crosscheck.evaluation import evaluation_faults
from router_core.policy.crosscheck.intents import intent_faults
from router_core.policy.crosscheck.lookup import Finding
from router_core.policy.crosscheck.models import model_faults
from router_core.policy.crosscheck.routes import route_faults
from router_core.policy.crosscheck.rules import rule_faults
from router_core.policy.crosscheck.tools import tool_faults
from router_core.policy.crosscheck.validators import validator_faults


def crosscheck(data: Mapping[str, Any]) -> list[Finding]:
    """All faults between the parts of a parsed policy."""
    return [
        *model_faults(data),
        *intent_faults(data),
        *tool_faults(data),
        *validator_faults(data),
        *route_faults(data),
        *rule_faults(data),
        *budget_faults(data),
        *evaluation_faults(data),
        *alert_faults(data),
    ]
