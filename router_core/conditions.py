"""Whether the conditions of a rule hold in a situation. Fails closed: what cannot be evaluated holds.

Pure functions, asked for every rule of every request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from router_core.policy.expressions import ExpressionError, Facts, evaluate
from router_core.policy.schema import Condition
from router_core.request import DATA_CLASSES, RISKS
from router_core.result import Signals
from router_core.situation import Situation

Level = TypeVar("Level", bound=str)


class Look:
    """What conditions look at: a situation, the routes on the request's way, and the facts for expressions."""

    __slots__ = ("context", "facts", "routes", "signals", "situation")

    def __init__(self, situation: Situation, routes: frozenset[str]) -> None:
        self.situation, self.routes = situation, routes
        self.context, self.signals = situation.context, situation.signals
        self.facts = Facts(situation.route, situation.purpose, situation.context, situation.signals)

    @classmethod
    def at(cls, situation: Situation) -> Look:
        """The look at a situation whose only route is the one asked for."""
        return cls(situation, frozenset((situation.route,)))


def _unknown(signals: Signals) -> bool:
    """Whether a part of the conversation was never searched: then it may hold anything."""
    return signals.unread_characters > 0 or signals.images > 0


def _at_most(value: float | None, bound: Any) -> bool:
    return value is not None and value <= bound


_TESTS: Final[Mapping[str, Callable[[Any, Look], bool]]] = {
    "routes": lambda wanted, look: not wanted.isdisjoint(look.routes),
    "intents": lambda wanted, look: look.signals.intent in wanted,
    "domains": lambda wanted, look: look.signals.domain in wanted,
    "languages": lambda wanted, look: look.signals.language in wanted,
    "tenants": lambda wanted, look: look.context.tenant in wanted,
    "tags": lambda wanted, look: not wanted.isdisjoint(look.context.tags),
    "purposes": lambda wanted, look: look.situation.purpose in wanted,
    "data_classes": lambda wanted, look: look.context.data_class in wanted,
    "min_data_class": lambda least, look: reaches(look.context.data_class, least, DATA_CLASSES),
    "min_risk": lambda least, look: reaches(look.context.risk, least, RISKS),
    "pii": lambda wanted, look: wanted == (bool(look.signals.pii) or _unknown(look.signals)),
    "secrets": lambda wanted, look: wanted == (bool(look.signals.secrets) or _unknown(look.signals)),
    "min_injection": lambda least, look: look.signals.injection >= least,
    "code": lambda wanted, look: wanted == look.signals.code,
    "min_complexity": lambda least, look: look.signals.complexity >= least,
    "max_complexity": lambda most, look: look.signals.complexity <= most,
    "min_words": lambda least, look: look.signals.words >= least,
    "max_words": lambda most, look: look.signals.words <= most,
    "min_tokens": lambda least, look: look.signals.input_tokens >= least,
    "max_tokens": lambda most, look: look.signals.input_tokens <= most,
    "min_tool_trouble": lambda least, look: look.signals.tool_rounds > 0 and look.signals.tool_trouble >= least,
    "min_tool_rounds": lambda least, look: look.signals.tool_rounds >= least,
    "max_deadline_ms": lambda most, look: _at_most(look.context.deadline_ms, most),
    "max_latency_target_ms": lambda most, look: _at_most(look.context.latency_target_ms, most),
    "max_cost_cap_usd": lambda most, look: _at_most(look.context.cost_cap_usd, most),
}
"""One for each field of `Condition` but ``cel``."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a rule applies, and what failed if it does only because something failed."""

    applies: bool
    failed: str | None = None


_YES, _NO = Holding(True), Holding(False)


class ConditionTest(NamedTuple):
    """A condition made ready: what must hold of what, and the expression, if it has one."""

    fields: tuple[tuple[Callable[[Any, Look], bool], Any], ...]
    cel: str | None


def tests_of(condition: Condition) -> ConditionTest:
    """What a condition asks for."""
    given = ((name, getattr(condition, name)) for name in _TESTS)
    return ConditionTest(tuple((_TESTS[name], wanted) for name, wanted in given if wanted is not None), condition.cel)


def holds(condition: Condition, situation: Situation) -> bool:
    """Whether every field that the condition gives holds; an expression that cannot be evaluated does."""
    return holding_of([tests_of(condition)], Look.at(situation)).applies


def holding_of(conditions: Sequence[ConditionTest], look: Look) -> Holding:
    """Whether any of a rule's conditions holds; one that holds without a failure goes before those that failed."""
    failed = None
    for fields, cel in conditions:
        for test, wanted in fields:
            if not test(wanted, look):
                break
        else:
            if cel is None:
                return _YES
            try:
                if evaluate(cel, look.facts):
                    return _YES
            except ExpressionError as error:
                failed = failed or str(error)
    return _NO if failed is None else Holding(True, failed)


def reaches(value: Level, least: Level, order: tuple[Level, ...]) -> bool:
    """Whether a level is at least another one; ``order`` runs from the least to the greatest."""
    return order.index(value) >= order.index(least)
