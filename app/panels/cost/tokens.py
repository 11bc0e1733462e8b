"""What models have read and written, and what a million tokens of it came to."""

from __future__ import annotations

from typing import Final

from app import plain, units
from app.dashboard import cache, cards, components, plot, theme
from app.dashboard.charts import parts
from app.dashboard.charts.parts import Whole
from app.dashboard.components import Cell
from app.dashboard.view import View
from telemetry.query import spending
from telemetry.query.spending import ModelTokens

MOST: Final = 12
"""Bars; the file has all models."""


def by_model(view: View) -> None:
    """A card of bars, input, cached input and output of each model, with the effective price at their ends."""
    rows = cache.ask(spending.tokens, view.filters)
    with cards.card(
        "Tokens and what they came to",
        "Tokens of all branches, used or not; at the end USD per million",
        key="tokens",
        help="Cached: input tokens that the provider read from its prompt cache; providers that do not say so count as "
        "uncached. Effective price: the known cost over the known tokens, input and output together; a price by the "
        "second, caching and the mix of both are in it. Unknown: branches without a known cost, or without known "
        "tokens, whichever are more; where there are many, read the price with care.",
    ):
        if not any(row.input_tokens or row.output_tokens for row in rows):
            cards.empty("No tokens were told", "Tools take none, and these models' upstreams did not say theirs.")
            return
        mode = theme.mode()
        shades = theme.palette(mode)
        # Three steps of one meaning: what was read, read at a discount, written.
        kinds = (("input", shades.neutral), ("cached input", shades.series[5]), ("output", shades.accent))
        plot.draw(
            parts.bars([whole(row) for row in rows[:MOST]], kinds, mode, unit="tokens", write=units.count),
            key="tokens-chart",
            alt="Bars: input, cached input and output tokens by model",
            pick="model",
        )
        components.table(
            ("Model", "Input", "Cached", "Output", "Unknown", "USD / M"),
            [_row(row, cache.colours(mode).get(row.model)) for row in rows[:MOST]],
            numbers=(1, 2, 3, 4, 5),
        )
        if len(rows) > MOST:
            components.untrusted(f"The {MOST} with the most tokens of {len(rows)}.", muted=True)


def whole(row: ModelTokens) -> Whole:
    """A model's bar: input without what was cached, cached input, output."""
    cached = min(row.cached_tokens, row.input_tokens)
    return Whole(row.model, (row.input_tokens - cached, cached, row.output_tokens), _price(row))


def _row(row: ModelTokens, colour: str | None) -> tuple[Cell | object, ...]:
    return (
        Cell(plain.visible(row.model, 40), swatch=colour),
        units.compact(row.input_tokens),
        units.compact(row.cached_tokens),
        units.compact(row.output_tokens),
        units.count(max(row.tokens_unknown, row.cost_unknown)),
        units.usd(row.usd_per_million),
    )


def _price(row: ModelTokens) -> str:
    each = row.usd_per_million
    return "price unknown" if each is None else f"{units.usd(each)} / M"
