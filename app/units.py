"""How numbers are written on screen: one way each for money, time, counts and shares. Unknown is a word, never 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

UNKNOWN = "unknown"
NANO = 1_000_000_000


def usd(amount: float | None) -> str:
    """US dollars at the precision that the amount deserves: ``$12,345``, ``$12.34``, ``$0.0123``, ``$0.0000041``."""
    if amount is None:
        return UNKNOWN
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size == 0:
        return "$0"
    if size >= 10_000:
        return f"{sign}${size:,.0f}"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    if size >= 0.01:
        return f"{sign}${size:.4f}"
    digits = min(9, 3 - _exponent(size) - 1)
    return f"{sign}${size:.{digits}f}".rstrip("0")


def nano_usd(nano: int | None) -> str:
    """Integer nano-USD as US dollars."""
    return usd(None if nano is None else nano / NANO)


def duration(ms: float | None) -> str:
    """Milliseconds as ``0.42 ms``, ``87 ms``, ``1.25 s``, ``2 min 5 s``."""
    if ms is None:
        return UNKNOWN
    if ms < 0.005:
        return "0 ms" if ms == 0 else "<0.01 ms"
    if ms < 10:
        return f"{ms:.2f} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.2f} s" if ms < 9_995 else f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def took(ms: float | None) -> str:
    """How long something took, as `duration` writes it. Less than a microsecond was told by a clock that stood still,
    as that of simulated requests does but for their models: it is not known. A percentile of such zeros is the middle
    of the lowest bucket and no exact 0.
    """
    return duration(None if ms is None or ms < 0.001 else ms)


def count(number: float | None) -> str:
    """A whole number with its thousands apart."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def compact(number: float | None) -> str:
    """A count in at most four characters and a letter: ``950``, ``12.3 k``, ``4.1 M``."""
    if number is None:
        return UNKNOWN
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            divisor = 1e3 if letter == "k" else size
            return f"{number / divisor:.1f} {letter}"
    return f"{number:,.0f}"


def share(part: float | None, digits: int = 1) -> str:
    """A proportion of 0..1 as per cent."""
    return UNKNOWN if part is None else f"{part * 100:.{digits}f} %"


def score(value: float | None) -> str:
    """A validator's score, 0..1."""
    return "none" if value is None else f"{value:.2f}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 branch``, ``2 branches``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def when(moment: datetime | str | None) -> str:
    """A moment in UTC, to the second."""
    if moment is None:
        return UNKNOWN
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def change(now: float | None, before: float | None, *, points: bool = False) -> str | None:
    """Change against the period before, signed; None when there is nothing to compare.

    ``points``: both are shares, and their difference is given in percentage points.
    """
    if now is None or before is None or (before == 0 and not points):
        return None
    by, unit = ((now - before) * 100, "pp") if points else ((now / before - 1) * 100, "%")
    # What rounds to nothing has no direction.
    return f"{by:+.1f} {unit}" if round(by, 1) else f"0.0 {unit}"


def day(moment: datetime) -> str:
    """A calendar day: ``3 Mar 2026``."""
    return f"{moment.day} {moment:%b %Y}"


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float] | None:
    """The Wilson score interval of a proportion, 0..1, at 95 % for the default ``z``; None for no observations.

    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if whole <= 0:
        return None
    rate = part / whole
    scale = 1 + z * z / whole
    middle = (rate + z * z / (2 * whole)) / scale
    half = z * math.sqrt(rate * (1 - rate) / whole + z * z / (4 * whole * whole)) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)


def step(ms: float, *, write: Callable[[float], str] = duration) -> str:
    """A duration measured from the start of a request."""
    return f"+{write(ms if ms >= 0.005 else 0.0)}"


def _exponent(size: float) -> int:
    return int(f"{size:e}".split("e")[1])
