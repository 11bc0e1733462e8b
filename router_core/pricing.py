"""Money: integer nano-USD inside, prices in USD per million tokens, unknown stays None.

A 20-token call can cost less than a micro-dollar, and floats do not add up: sums are kept in
nano-USD (1 USD = 1_000_000_000). Rounding happens once per branch, half up, never per token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from math import lcm
from typing import Literal, TypeAlias

Nano: TypeAlias = int
"""Nano-USD."""

NANO_PER_USD = 1_000_000_000

CostSource: TypeAlias = Literal["observed", "estimated"]


def to_nano(usd: float | Decimal | str) -> Nano:
    """USD to nano-USD, half up."""
    return int((Decimal(str(usd)) * NANO_PER_USD).to_integral_value(rounding=ROUND_HALF_UP))


def to_usd(nano: Nano | None) -> float | None:
    """Nano-USD to USD; unknown stays unknown."""
    return None if nano is None else nano / NANO_PER_USD


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. ``None`` means that the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None

    @property
    def total(self) -> int | None:
        """Input plus output, unknown when either is."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """USD per million tokens by kind. Tokens read from the prompt cache cost ``cache_read``."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    _scale: int = field(init=False, repr=False, compare=False)
    _scaled: tuple[int, int] = field(init=False, repr=False, compare=False)
    """Nano-USD of an input and of an output token in ``_scale``-ths: whole numbers are quicker than decimal ones."""

    def __post_init__(self) -> None:
        ratios = [(price * 1000).as_integer_ratio() for price in (self.input, self.output)]
        scale = lcm(*(denominator for _, denominator in ratios))
        incoming, outgoing = (numerator * (scale // denominator) for numerator, denominator in ratios)
        object.__setattr__(self, "_scale", scale)
        object.__setattr__(self, "_scaled", (incoming, outgoing))

    def cost(self, usage: Usage, seconds: float | None) -> Nano | None:
        """Nano-USD of a finished call; None when the usage is unknown. ``seconds`` is not used."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cache_read_tokens or 0, usage.input_tokens)
        cached_price = self.input if self.cache_read is None else self.cache_read
        # USD per million tokens is micro-USD per token: a thousand nano-USD.
        nano = (
            (usage.input_tokens - cached) * self.input + cached * cached_price + usage.output_tokens * self.output
        ) * 1000
        return int(nano.to_integral_value(rounding=ROUND_HALF_UP))

    def expected(self, input_tokens: int, output_tokens: int) -> Nano | None:
        """Nano-USD of a call that has not been made, nothing of it from a cache."""
        # As `cost` has it: asked of every model in every request.
        incoming, outgoing = self._scaled
        return (2 * (input_tokens * incoming + output_tokens * outgoing) + self._scale) // (2 * self._scale)


@dataclass(frozen=True, slots=True)
class ComputePrice:
    """What a local model's machine costs, USD per second of work, so that its bill is no false zero.

    The two speeds (tokens per second) are only for costs of calls that were not made.
    """

    usd_per_second: Decimal
    input_tokens_per_second: float
    output_tokens_per_second: float

    def cost(self, usage: Usage, seconds: float | None) -> Nano | None:
        """Nano-USD of ``seconds`` of work; None when the time is unknown. ``usage`` is not used."""
        if seconds is None:
            return None
        return to_nano(self.usd_per_second * Decimal(repr(max(seconds, 0.0))))

    def expected(self, input_tokens: int, output_tokens: int) -> Nano | None:
        """Nano-USD of a call that has not been made, from the two speeds."""
        seconds = input_tokens / self.input_tokens_per_second + output_tokens / self.output_tokens_per_second
        return self.cost(Usage(), seconds)


Price: TypeAlias = TokenPrice | ComputePrice
