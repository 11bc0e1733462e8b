"""The decisions that have cost most."""

from __future__ import annotations

from typing import Final

from app import units
from app.dashboard import cache, cards, components, navigation, tables
from app.dashboard.view import View
from telemetry.query import decisions

SHOWN: Final = 10
LOOKED_AT: Final = 1000
"""Decisions that are compared, the newest."""


def draw(view: View) -> None:
    """A card of the dearest decisions; a click on one opens it."""
    with cards.card(
        "Most expensive decisions",
        "The dearest first. Click a row to see why it cost that",
        key="dearest",
        help=f"Of the newest {LOOKED_AT:,} decisions of the period, those of known cost with the highest, all of their "
        "branches together.",
    ):
        found = cache.ask(decisions.page, view.filters, limit=LOOKED_AT)
        rows = sorted((row for row in found.rows if row.cost_nano), key=lambda row: -(row.cost_nano or 0))[:SHOWN]
        if not rows:
            components.untrusted("No decision of known cost is in the period.", muted=True)
            return
        chosen = tables.decisions(rows, key="dearest")
        if found.next_cursor is not None:
            components.untrusted(f"Of the newest {units.count(LOOKED_AT)} decisions.", muted=True)
        if chosen is not None:
            navigation.open_decision(chosen)
