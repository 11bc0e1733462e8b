"""The calculator: an exact answer to a prompt that is nothing but a calculation, and silence on everything else."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.arithmetic import MAX_CHARACTERS, NotArithmetic, Value, evaluate, tokenize
from router_core.tools.base import ToolAnswer

SIGNIFICANT_DIGITS: Final = 12
"""Of a result that has no finite decimal form."""
MAX_DECIMALS: Final = 30
"""Places of a result that is shown whole."""

_OPENING: Final = re.compile(
    r"(?:(?:please|hi|hello|hey|bitte)[, ]+)?(?:"
    r"what(?:'s|\u2019s|s| is| does| are)?|how (?:much|many) (?:is|are)"
    r"|(?:can|could) you (?:please )?(?:calculate|compute)"
    r"|calculate|calc|compute|evaluate|work out|solve|result of|value of|the value of"
    r"|was (?:ist|sind|ergibt)|wie ?viel (?:ist|sind|ergibt)|berechne|rechne"
    r"|combien font|combien fait|calcule[rz]?|quel est le résultat de"
    r"|cuánto (?:es|son)|¿cuánto (?:es|son)|calcula|quanto fa|quanto è|calcola"
    r")(?:[: ]+|$)(?:please |bitte )?",
)
_CLOSING: Final = re.compile(r"(?:\s*(?:[=?.]|equals|please|bitte|thanks))+\s*$")
_OPERATION: Final = re.compile(r"[-+*/%^×÷−–⋅·∙✕✖∕√²³!]|[a-zà-ú]")  # noqa: RUF001
# Written without spaces these are dates, telephone numbers, ranges of pages; nobody means a difference.
_NOT_MEANT: Final = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d+(?:[-–/]\d+){2,}|0\d+[-/ ]\d+|\+\d[\d -]*|\d{4}[-–]\d{2,4}"  # noqa: RUF001
)
_UNARY: Final = frozenset({"sqrt", "squared", "cubed", "!"})
"""What makes a calculation of one number alone."""
_AMBIGUOUS: Final = re.compile(r"(?<![\d.,])\d{1,3}[.,]\d{3}(?![\d.,])")
_COMMA_LANGUAGES: Final = frozenset(
    {"de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "ru", "tr"}
)


class Calculator:
    """Tool that answers ``12 * 7``, ``what is 15% of 80?``, ``sqrt(2) ** 3`` and the like."""

    location: Final = "local"

    def __init__(self, name: str, threshold: float, timeout_s: float) -> None:
        self.name = name
        self.threshold = threshold
        self.timeout_s = timeout_s

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`. Never raises."""
        expression = find_expression(request.prompt)
        if expression is None or (signals.language in _COMMA_LANGUAGES and _AMBIGUOUS.search(expression)):
            return None
        try:
            tokens = tokenize(expression)
            value = evaluate(tokens)
        except NotArithmetic:
            return None
        if not _UNARY.intersection(map(str, tokens)) and sum(isinstance(token, Fraction) for token in tokens) < 2:
            return None
        return ToolAnswer(format_value(value), 1.0, "The prompt is nothing but a calculation.")


def find_expression(prompt: str) -> str | None:
    """The calculation that the prompt consists of, in lower case, or None when it is anything more or less."""
    if len(prompt) > MAX_CHARACTERS:
        return None
    text = " ".join(prompt.lower().split())
    opening = _OPENING.match(text)
    asked = opening is not None
    if opening:
        text = text[opening.end() :]
    text = _CLOSING.sub("", text).strip()
    if not any(map(str.isdigit, text)) or not _OPERATION.search(text):
        return None
    if "0x" in text or (not asked and _NOT_MEANT.fullmatch(text)):
        return None
    return text


def format_value(value: Value) -> str:
    """The number in full when it has a finite decimal form, else rounded, with a word that says so."""
    number = value.number * 100 if value.percentage else value.number
    unit = "%" if value.percentage else ""
    if value.exact:
        if (decimals := _decimals(number)) is not None:
            return _plain(number, decimals) + unit
        rounded = f"≈ {_rounded(number)}{unit} (rounded to {SIGNIFICANT_DIGITS} significant digits"
        short = len(str(number.numerator)) + len(str(number.denominator)) <= 24
        return f"{rounded}; exactly {number}{unit})" if short else f"{rounded})"
    return f"≈ {_rounded(number)}{unit} (rounded to {SIGNIFICANT_DIGITS} significant digits)"


def _decimals(number: Fraction) -> int | None:
    """Places after the point of a finite decimal; None when it does not end within `MAX_DECIMALS`."""
    scaled = number.denominator
    for places in range(MAX_DECIMALS + 1):
        if 10**places % scaled == 0:
            return places
    return None


def _plain(number: Fraction, places: int) -> str:
    digits = str(abs(number.numerator) * (10**places // number.denominator)).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def _rounded(number: Fraction) -> str:
    context = Context(prec=SIGNIFICANT_DIGITS)
    result = context.divide(Decimal(number.numerator), Decimal(number.denominator))
    return f"{result:f}" if -9 < result.adjusted() < 15 else str(result)
