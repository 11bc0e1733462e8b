"""New policies and prices: as marks on a time axis, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app import units
from app.dashboard import cache, cards, components
from app.dashboard.charts.over_time import Mark
from app.dashboard.price_changes import PolicyChange, changes
from app.dashboard.view import View
from telemetry.query import incidents, policies
from telemetry.query.filters import Filters

LISTED: Final = 6
_RELOADS: Final = 200
"""Exchanges of a policy that are looked at, the newest."""


def known(view: View) -> list[PolicyChange]:
    """The policies that took each other's place, of the traffic that is shown."""
    shown = view.filters.simulated
    versions = [one for one in cache.ask(policies.versions) if shown is None or one.simulated == shown]
    reloads = cache.ask(
        incidents.timeline, Filters(purposes=(), simulated=shown), kinds=("policy_reloaded",), limit=_RELOADS
    )
    return changes(versions, [(row.ts, row.policy_version) for row in reloads.rows if row.policy_version])


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


def last_before(changes: Sequence[PolicyChange], span: tuple[datetime, datetime] | None) -> str | None:
    """In words, the last change of a price before a stretch of time; None when there was none."""
    earlier = [one for one in changes if one.prices and span is not None and one.at < span[0]]
    return f"Before it, on {units.day(earlier[-1].at)}: {'; '.join(earlier[-1].prices)}." if earlier else None


def what_changed(view: View) -> None:
    """A card of the policies that came into force in the period and the prices that they changed."""
    with cards.card(
        "Prices and policies",
        "What came into force in the period, the newest first",
        key="what-changed",
        help="Read from the texts of the policies: prices of models that the policy before had as well.",
    ):
        every = known(view)
        found = within(every, view.span)
        before = last_before(every, view.span)
        if not found:
            components.untrusted("No policy and no price changed in the period.", muted=True)
            if before is not None:
                components.untrusted(before, muted=True)
            return
        components.table(
            ("When (UTC)", "Policy", "What changed in prices"),
            [
                (
                    f"{one.at:%Y-%m-%d\u00a0%H:%M}",
                    f"{one.now.name}, {one.now.version[:12]}" + (" (simulated)" if one.now.simulated else ""),
                    "; ".join(one.prices) or "nothing",
                )
                for one in reversed(found[-LISTED:])
            ],
        )
        if len(found) > LISTED:
            components.untrusted(f"and {units.plural(len(found) - LISTED, 'earlier one')} of the period", muted=True)
