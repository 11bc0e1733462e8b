"""CEL expressions of rules: checked and compiled when the policy is loaded, evaluated on facts that stay small.

The evaluator is a Rust library without access to anything but the facts; its regular expressions take linear time.
It is imported with the first expression, since most policies have none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from router_core.request import Context, Purpose
from router_core.result import Signals

if TYPE_CHECKING:
    import cel

MAX_CHARACTERS: Final = 1000
MAX_LOOPS: Final = 2
"""Each loop over a list may multiply the work by the list's length."""

SIGNALS: Final = tuple(field.name for field in fields(Signals))
CONTEXT: Final = ("tenant", "risk", "data_class", "deadline_ms", "latency_target_ms", "cost_cap_usd", "tags")

_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {"signals": SIGNALS, "context": CONTEXT}
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_FIELD: Final = re.compile(r"(?<![\w.])(signals|context)\s*\.\s*(\w+)")
_LOOP: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")


class ExpressionError(ValueError):
    """An expression cannot be compiled or evaluated; the message says why, in a few words."""


class Facts:
    """What the expressions of one request may look at. Cheap until the first one asks."""

    def __init__(self, route: str, purpose: Purpose, context: Context, signals: Signals) -> None:
        self._given = route, purpose, context, signals
        self._context: cel.Context | None = None

    def bound(self) -> cel.Context:
        """The facts as the evaluator takes them; lists of at most 16 short strings, no text of the prompt."""
        if self._context is None:
            import cel

            route, purpose, context, signals = self._given
            self._context = cel.Context(
                {
                    "route": route,
                    "purpose": purpose,
                    "signals": {name: _plain(getattr(signals, name)) for name in SIGNALS},
                    "context": {name: _plain(getattr(context, name)) for name in CONTEXT},
                }
            )
        return self._context


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@lru_cache(maxsize=1024)
def compiled(expression: str) -> cel.Program:
    """The expression, ready to be evaluated.

    Raises:
        ExpressionError: it is too long, has too many loops, or is not CEL.
    """
    if len(expression) > MAX_CHARACTERS:
        raise ExpressionError(f"it has {len(expression):,} characters; at most {MAX_CHARACTERS:,} are taken")
    if len(_LOOP.findall(_STRING.sub("''", expression))) > MAX_LOOPS:
        raise ExpressionError(f"it has more than {MAX_LOOPS} loops (all, exists, exists_one, map, filter)")
    import cel

    try:
        return cel.compile(expression)
    except ValueError as error:
        raise ExpressionError(_syntax(str(error))) from None


def evaluate(expression: str, facts: Facts) -> bool:
    """What the expression says of the facts.

    Raises:
        ExpressionError: it cannot be evaluated, or says neither true nor false.
    """
    program = compiled(expression)
    try:
        value = program.execute(facts.bound())
    except Exception as error:  # noqa: BLE001 (foreign code; whatever it raises, the rule must apply)
        raise ExpressionError(f"{type(error).__name__}: {_first_line(str(error))}") from None
    if not isinstance(value, bool):
        raise ExpressionError(f"it gives {type(value).__name__}, not true or false")
    return value


def check(expression: str) -> None:
    """Compile the expression and try it on two made-up requests, one that states nothing and one that states all.

    Raises:
        ExpressionError: it names what does not exist, or fails on one of them.
    """
    compiled(expression)
    for owner, name in _FIELD.findall(_STRING.sub("''", expression)):
        if name not in _KNOWN[owner]:
            raise ExpressionError(f"{owner} has no {name!r}; it has {', '.join(_KNOWN[owner])}")
    for when, facts in _SAMPLES:
        try:
            evaluate(expression, facts)
        except ExpressionError as error:
            raise ExpressionError(f"it fails on a request {when}: {error}") from None


def _syntax(message: str) -> str:
    found = re.search(r"<input>:\d+:(\d+): (?:Syntax error: )?([^\n]{1,160})", message)
    return f"at character {found[1]}: {found[2]}" if found else _first_line(message)


def _first_line(message: str) -> str:
    return message.partition("\n")[0][:160]


_NEUTRAL: Final = Signals("chat", 0.5, "en", 20, 4, 8, code=False, numbers=0)
_FULL: Final = Signals(
    "search",
    1.0,
    "de",
    2000,
    300,
    400,
    code=True,
    numbers=5,
    pii=("email",),
    secrets=("api_key",),
    domain="legal",
    domain_confidence=0.9,
    complexity=0.8,
    injection=0.7,
    injection_kinds=("instruction_override",),
    tool_rounds=3,
    tool_errors=2,
    tool_repeats=1,
    tool_trouble=0.75,
)
_SAMPLES: Final = (
    ("that states nothing", Facts("chat", "user", Context(), _NEUTRAL)),
    (
        "that states everything",
        Facts("chat", "canary", Context("acme", "high", "regulated", 1000, 500, 0.5, ("legal",)), _FULL),
    ),
)
