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

    A rule that applies and keeps models to this machine, or has them get a redacted prompt, means tools too: a query's
    parameters are words of the prompt.
    """
    applied = {verdict.rule for verdict in verdicts if verdict.outcome != "passed"}
    return context.data_class in _STAYS or any(rule.name in applied and _keeps_here(rule) for rule in rules)


def _keeps_here(rule: Rule) -> bool:
    match rule.then:
        case Require(location=location):
            return location == "local"
        case Exclude(location=location):
            return location == "cloud"
        case Raise(data_class=data_class):
            return data_class in _STAYS
        case Redact():
            return True
        case _:
            return False


def admitted(tools: Iterable[Tool], *, stays: bool) -> list[Tool]:
    """The tools that may be asked, in their order."""
    return [tool for tool in tools if not (stays and tool.location == "cloud")]
