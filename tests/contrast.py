"""How well one colour stands out from another, as WCAG 2.2 counts it."""

from __future__ import annotations


def ratio(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white. Both are written ``#rrggbb``."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def linear(colour: str) -> tuple[float, float, float]:
    """Red, green and blue as light, 0..1 each."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
