"""Which tools a request may ask: what must stay on this machine asks none that leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from router_core.policy.schema import Exclude, Raise, Redact, Require, Rule
from router_core.request import Context
from router_core.result import Verdict
from router_core.tools.base import Tool

_STAYS: Final = frozenset({"sensitive", "regulated"})
"""Data classes that no tool elsewhere gets."""


def must_stay(rules: Iterable[Rule], verdicts: Sequence[Verdict], context: Context) -> bool:
    """Whether nothing of a request may leave this machine or network, as far as its rules and its data class say.

    A rule that applies and keeps models to this machine, to regions, to approvals or to those that accept protected
    data, or has them get a redacted prompt, means tools too: a query's parameters are words of the prompt, and of a
    tool that is elsewhere nothing says in which region, or what it is approved for.
    """
    applied = {verdict.rule for verdict in verdicts if verdict.outcome != "passed"}
    return context.data_class in _STAYS or any(rule.name in applied and _keeps_here(rule) for rule in rules)


def _keeps_here(rule: Rule) -> bool:
    match rule.then:
        case Require() as require:
            stated = require.regions is not None or require.approvals is not None
            return stated or require.location == "local" or require.data_class in _STAYS
        case Exclude() as exclude:
            return exclude.location == "cloud" or exclude.regions is not None
        case Raise(data_class=data_class):
            return data_class in _STAYS
        case Redact():
            return True
        case _:
            return False


def admitted(tools: Iterable[Tool], *, stays: bool) -> list[Tool]:
    """The tools that may be asked, in their order."""
    return [tool for tool in tools if not (stays and tool.location == "cloud")]
