"""What every page that counts requests does before its own part: empty store, period and filters, nothing to count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from app import units
from app.dashboard import address, cache, cards, components, navigation, toolbar
from app.dashboard.view import View
from telemetry.errors import TelemetryError
from telemetry.query.overview import Totals, totals
from telemetry.query.store import StoreState

NARROWER = "No request matches these filters. Remove one, or choose a longer period."


def counted(
    title: str,
    subtitle: str,
    body: Callable[[View, Totals], None],
    *,
    key: str,
    empty: Callable[[], None] | None = None,
) -> None:
    """Draw a page that counts the requests of a period.

    Args:
        title: the page's name.
        subtitle: what it answers.
        body: draws the page's own part; called when there is anything to count.
        key: unique among the pages.
        empty: draws the page of an empty store, in place of a word that it is empty.
    """

    def part(view: View) -> None:
        now = cache.ask(totals, view.filters)
        if not now.requests:
            nothing_here(view, cache.store_state())
            return
        say_what_is_simulated(view, now.requests)
        body(view, now)

    looked_at(title, subtitle, part, key=key, empty=empty)


def looked_at(
    title: str,
    subtitle: str,
    body: Callable[[View], None],
    *,
    key: str,
    empty: Callable[[], None] | None = None,
) -> None:
    """Draw a page that reads the store: its name, period and filters, and a skeleton while the rest is made.

    Args:
        title: the page's name.
        subtitle: what it answers.
        body: draws the page's own part; called when anything at all is stored.
        key: unique among the pages.
        empty: draws the page of an empty store, in place of a word that it is empty.
    """
    try:
        stored = cache.store_state().requests
    except TelemetryError as error:
        components.page_header(title, subtitle)
        cards.error_card(str(error), key=key)
        return
    with cards.errors_shown(key):
        if not stored:
            nothing_stored(title) if empty is None else empty()
            return
        view = toolbar.draw(title, subtitle)
        with cards.loading(420):
            body(view)


def nothing_stored(title: str) -> None:
    """An empty store, on any page but the first."""
    components.page_header(title, "Nothing has been routed yet")
    with cards.card("No decisions yet", "This page shows what was routed", key="nothing-stored"):
        components.untrusted(
            "Route a prompt of your own in the playground, or write simulated traffic from the overview to look around."
        )
        with st.container(horizontal=True):
            navigation.link_to(navigation.PLAYGROUND, label="Open the playground")
            navigation.link_to(navigation.OVERVIEW, label="Open the overview")


def nothing_here(view: View, state: StoreState) -> None:
    """A store with requests, none of which the page is set to count: why, and what to do."""
    others = sum(number for purpose, number in state.by_purpose.items() if purpose not in view.filters.purposes)
    with cards.card("No requests to count here", view.period.label, key="nothing"):
        if state.by_purpose.get("user", 0) == 0 and others and "playground" not in view.filters.purposes:
            components.untrusted(
                f"The store holds {units.plural(others, 'request')}, none of them made by users; "
                "business numbers count what users asked."
            )
            st.button("Include playground", on_click=address.put, args=("playground", True), type="primary")
        elif view.narrowed:
            components.untrusted(NARROWER)
        else:
            components.untrusted(f"The newest request is of {units.when(state.last)} UTC. Choose a longer period.")


def say_what_is_simulated(view: View, requests: int) -> None:
    """The banner over simulated requests among the ``requests`` that are counted."""
    if view.filters.simulated is False or not cache.store_state().simulated_requests:
        return
    simulated = cache.ask(totals, replace(view.filters, simulated=True)).requests
    cards.simulated_banner(simulated, requests)
