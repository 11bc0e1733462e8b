"""Exact arithmetic on text: a recursive-descent parser over rational numbers, bounded so that nothing can hang.

    sum      = product { ("+" | "-") product }
    product  = signed { ("*" | "/" | "//" | "%" | "of") signed }
    signed   = ("+" | "-") signed | power
    power    = postfix [ "**" signed ]
    postfix  = primary { "%" | "!" | "squared" | "cubed" }
    primary  = number | "(" sum ")" | "sqrt" primary

``%`` is a percentage when nothing that it could divide follows it. ``of`` multiplies, and only a percentage may stand
before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from math import factorial, isqrt
from typing import Final

MAX_CHARACTERS: Final = 200
MAX_DEPTH: Final = 40
MAX_DIGITS: Final = 60
"""Digits of a number as written."""
MAX_BITS: Final = 4096
"""Bits of any numerator or denominator on the way: about 1,233 decimal digits."""
MAX_EXPONENT: Final = 1000
MAX_FACTORIAL: Final = 300

_CONTEXT: Final = Context(prec=40)


class NotArithmetic(Exception):
    """The text is no expression, is ambiguous, has no value, or exceeds a bound."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number and whether it is exact; roots of most numbers are not."""

    number: Fraction
    exact: bool = True
    percentage: bool = False
    """Written with a percent sign and not yet part of anything."""


_NAMES: Final = {
    "plus": "+",
    "minus": "-",
    "times": "*",
    "multiplied by": "*",
    "divided by": "/",
    "over": "/",
    "modulo": "mod",
    "mod": "mod",
    "to the power of": "**",
    "raised to the power of": "**",
    "squared": "squared",
    "cubed": "cubed",
    "percent": "percent",
    "per cent": "percent",
    "prozent": "percent",
    "of": "of",
    "von": "of",
    "sqrt": "sqrt",
    "the square root of": "sqrt",
    "square root of": "sqrt",
    "mal": "*",
    "geteilt durch": "/",
    "hoch": "**",
    "wurzel aus": "sqrt",
    "fois": "*",
    "divisé par": "/",
    "multiplicado por": "*",
    "dividido por": "/",
    "dividido entre": "/",
    "por": "*",
    "per": "*",
    "diviso": "/",
    "più": "+",
    "meno": "-",
    "más": "+",
    "menos": "-",
    "moins": "-",
    "x": "*",
}
_SIGNS: Final = {
    **dict.fromkeys("×⋅·∙✕✖*", "*"),  # noqa: RUF001
    **dict.fromkeys("÷∕/", "/"),  # noqa: RUF001
    **dict.fromkeys("−–-", "-"),  # noqa: RUF001
    **{"+": "+", "^": "**", "%": "%", "(": "(", ")": ")", "√": "sqrt", "²": "squared", "³": "cubed", "!": "!"},
    **{"**": "**", "//": "//"},
}
_GROUPED: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:['’_ \u202f]\d{3})+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3})+,\d+"  # noqa: RUF001
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<number>(?:{_GROUPED}|\d+(?:[.,]\d+)?|\.\d+)(?![\d.,]))|(?P<name>"
    + "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True))
    + r")(?![^\W\d_])|(?P<sign>\*\*|//|["
    + re.escape("".join(sign for sign in _SIGNS if len(sign) == 1))
    + "]))",
    re.ASCII,
)


def tokenize(text: str) -> list[str | Fraction]:
    """Numbers and operators of a lower-case text.

    Raises:
        NotArithmetic: anything else stands in it.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotArithmetic("too long")
    tokens: list[str | Fraction] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise NotArithmetic(f"no number or operator at character {place + 1}")
        if written := match["number"]:
            tokens.append(_number(written))
        elif name := match["name"]:
            tokens.append(_NAMES[name])
        else:
            tokens.append(_SIGNS[match["sign"]])
        place = match.end()
    return tokens


def _number(written: str) -> Fraction:
    if len(written) > MAX_DIGITS:
        raise NotArithmetic("number too long")
    plain = re.sub(r"['’_ \u202f]", "", written)  # noqa: RUF001
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma > dot >= 0:
        plain = plain.replace(".", "").replace(",", ".")
    elif dot > comma >= 0 or re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+", plain):
        plain = plain.replace(",", "")
    else:
        plain = plain.replace(",", ".")
    return Fraction(plain)


def evaluate(tokens: list[str | Fraction]) -> Value:
    """The value of an expression.

    Raises:
        NotArithmetic: it is not well formed, divides by zero, or exceeds a bound.
    """
    parser = _Parser(tokens)
    value = parser.sum(0)
    if parser.place != len(tokens):
        raise NotArithmetic("something follows the expression")
    return value


class _Parser:
    """One pass over the tokens; each method is a line of the grammar and leaves `place` after what it read."""

    def __init__(self, tokens: list[str | Fraction]) -> None:
        self.tokens = tokens
        self.place = 0

    def peek(self) -> str | Fraction | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, *wanted: str) -> str | None:
        token = self.peek()
        if isinstance(token, str) and token in wanted:
            self.place += 1
            return token
        return None

    def sum(self, depth: int) -> Value:
        value = self.product(depth)
        while sign := self.take("+", "-"):
            right = self.product(depth)
            if value.percentage != right.percentage:
                raise NotArithmetic("a percentage of what?")
            number = value.number + right.number if sign == "+" else value.number - right.number
            value = _bounded(number, value.exact and right.exact, percentage=value.percentage)
        return value

    def product(self, depth: int) -> Value:
        value = self.signed(depth)
        while sign := self.take("*", "/", "//", "%", "mod", "of"):
            if sign == "of" and not value.percentage:
                raise NotArithmetic("only a percentage is taken of something")
            value = _multiply(sign, value, self.signed(depth))
        return value

    def signed(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise NotArithmetic("too deep")
        if sign := self.take("+", "-"):
            value = self.signed(depth + 1)
            return value if sign == "+" else Value(-value.number, value.exact, value.percentage)
        return self.power(depth)

    def power(self, depth: int) -> Value:
        base = self.postfix(depth)
        if self.take("**"):
            return _power(base, self.signed(depth + 1))
        return base

    def postfix(self, depth: int) -> Value:
        value = self.primary(depth)
        while True:
            if self.take("squared"):
                value = _power(value, Value(Fraction(2)))
            elif self.take("cubed"):
                value = _power(value, Value(Fraction(3)))
            elif self.take("!"):
                value = _factorial(value)
            elif self.take("percent") or (self._percent_ends() and self.take("%")):
                if value.percentage:
                    raise NotArithmetic("two percent signs")
                value = Value(value.number / 100, value.exact, percentage=True)
            else:
                return value

    def _percent_ends(self) -> bool:
        """Whether a percent sign here is no modulo: nothing that it could divide by follows."""
        after = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None
        return not (isinstance(after, Fraction) or after in ("(", "sqrt"))

    def primary(self, depth: int) -> Value:
        token = self.peek()
        if isinstance(token, Fraction):
            self.place += 1
            return Value(token)
        if depth > MAX_DEPTH:
            raise NotArithmetic("too deep")
        if self.take("("):
            value = self.sum(depth + 1)
            if not self.take(")"):
                raise NotArithmetic("a bracket is not closed")
            return value
        if self.take("sqrt"):
            return _root(self.primary(depth + 1))
        raise NotArithmetic("a number is missing")


def _bounded(number: Fraction, exact: bool, *, percentage: bool = False) -> Value:
    if number.numerator.bit_length() > MAX_BITS or number.denominator.bit_length() > MAX_BITS:
        raise NotArithmetic("too many digits")
    return Value(number, exact, percentage)


def _multiply(sign: str, left: Value, right: Value) -> Value:
    exact = left.exact and right.exact
    if sign in ("*", "of"):
        return _bounded(left.number * right.number, exact, percentage=sign == "of" and right.percentage)
    if right.number == 0:
        raise NotArithmetic("division by zero")
    if sign == "/":
        return _bounded(left.number / right.number, exact)
    if not exact:
        # Rounding before a floor can be off by one.
        raise NotArithmetic("remainder of a rounded number")
    if sign == "//":
        return _bounded(Fraction(left.number // right.number), exact)
    return _bounded(left.number % right.number, exact)


def _power(base: Value, exponent: Value) -> Value:
    number, power = base.number, exponent.number
    if abs(power) > MAX_EXPONENT or not exponent.exact:
        raise NotArithmetic("exponent too large")
    if power.denominator != 1:
        return _rounded_power(number, power)
    if number == 0 and power <= 0:
        raise NotArithmetic("zero to a power that is not above zero")
    if max(number.numerator.bit_length(), number.denominator.bit_length()) * abs(power) > 2 * MAX_BITS:
        raise NotArithmetic("too many digits")
    return _bounded(number ** int(power), base.exact)


def _rounded_power(number: Fraction, power: Fraction) -> Value:
    if number <= 0:
        raise NotArithmetic("a root of a negative number")
    try:
        result = _CONTEXT.power(_decimal(number), _decimal(power))
    except DecimalException:
        raise NotArithmetic("too many digits") from None
    return _bounded(Fraction(result), exact=False)


def _root(value: Value) -> Value:
    number = value.number
    if number < 0:
        raise NotArithmetic("a root of a negative number")
    above, below = isqrt(number.numerator), isqrt(number.denominator)
    if above * above == number.numerator and below * below == number.denominator:
        return Value(Fraction(above, below), value.exact)
    return _bounded(Fraction(_CONTEXT.sqrt(_decimal(number))), exact=False)


def _factorial(value: Value) -> Value:
    if value.number.denominator != 1 or not 0 <= value.number <= MAX_FACTORIAL or not value.exact:
        raise NotArithmetic("no factorial")
    return _bounded(Fraction(factorial(int(value.number))), exact=True)


def _decimal(number: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(number.numerator), Decimal(number.denominator))
