"""The rules of a policy: who answers for each, what it says, and how often it fired."""

from __future__ import annotations

from app import units
from app.dashboard import cards, components
from app.dashboard.view import View
from app.panels.rule_words import rule_in_words
from router_core.policy.schema import Policy


def draw(view: View, version: str, policy: Policy) -> None:
    """A card with a row a rule."""
    with cards.card("Rules", f"{units.plural(len(policy.rules), 'rule')}", key="policy-rules"):
        components.table(
            ("Rule", "Owner"),
            [(rule.name, rule.owner or "—") for rule in policy.rules],
            notes=[rule_in_words(rule) for rule in policy.rules],
        )
