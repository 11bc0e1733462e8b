"""New policies and prices: as marks on a time axis, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app import units
from app.dashboard import cards, components
from app.dashboard.charts.over_time import Mark
from app.dashboard.price_changes import PolicyChange

LISTED: Final = 6


def marks(changes: Sequence[PolicyChange], span: tuple[datetime, datetime] | None) -> list[Mark]:
    """The changes that lie on the axis. The first policy of all is no change."""
    return [
        Mark(
            one.at,
            "; ".join(one.prices) or f"policy {one.now.name}, version {one.now.version[:12]}",
            "warn" if one.prices else "neutral",
        )
        for one in within(changes, span)
    ]


def within(changes: Sequence[PolicyChange], span: tuple[datetime, datetime] | None) -> list[PolicyChange]:
    """The changes of a stretch of time."""
    return [one for one in changes if one.before is not None and span is not None and span[0] <= one.at < span[1]]


def what_changed(changes: Sequence[PolicyChange], span: tuple[datetime, datetime] | None) -> None:
    """A card of the policies that came into force in the period and the prices that they changed; none without any."""
    found = within(changes, span)
    if not found:
        return
    with cards.card(
        "Prices and policies",
        "What came into force in the period, the newest first",
        key="what-changed",
        help="Read from the texts of the policies: prices of models that the policy before had as well.",
    ):
        components.table(
            ("When (UTC)", "Policy", "What changed in prices"),
            [
                (
                    units.when(one.at),
                    f"{one.now.name}, {one.now.version[:12]}" + (" (simulated)" if one.now.simulated else ""),
                    "; ".join(one.prices) or "nothing",
                )
                for one in reversed(found[-LISTED:])
            ],
        )
        if len(found) > LISTED:
            components.untrusted(f"and {units.plural(len(found) - LISTED, 'earlier one')}", muted=True)
