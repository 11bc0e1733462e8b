"""Decisions: every request, newest first; filters, a search, and a click to the whole story."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import units
from app.dashboard import address, cache, cards, components, navigation, tables, toolbar
from app.dashboard.view import View
from telemetry.query import decisions
from telemetry.query.decisions import SLICE, DecisionPage
from telemetry.query.overview import totals

ROWS = 50
_TRAIL = "decisions-trail"
"""Session key: the cursors of the pages before this one, so that one can go back."""


def show() -> None:
    """The page."""
    with cards.errors_shown("decisions"):
        view = toolbar.draw(
            "Decisions",
            "Every request and where it went; click one for the whole story",
        )
        search = st.text_input(
            "Search",
            key="q",
            on_change=address.touched,
            placeholder="The beginning of a decision's id, or words of a prompt or an answer",
            icon=":material/search:",
            label_visibility="collapsed",
            help="Words are found only where the policy keeps content.",
        )
        with cards.loading(400):
            _list(view, search)


def _list(view: View, search: str) -> None:
    trail = _trail(view, search)
    try:
        page = cache.ask(decisions.page, view.filters, search=search, cursor=trail[-1], limit=ROWS)
    except ValueError as error:
        cards.error_card(str(error), key="cursor")
        return
    if not page.rows and trail == [None]:
        _nothing(view, search, page)
    else:
        _rows(view, page, len(trail))
    _turn(trail, page, searching=bool(search.strip()))


def _rows(view: View, page: DecisionPage, number: int) -> None:
    cards.simulated_banner(sum(row.simulated for row in page.rows), len(page.rows))
    whole = cache.ask(totals, view.filters)
    with cards.card(
        f"{units.plural(whole.requests, 'decision')} in the period",
        f"Page {number}: {units.plural(len(page.rows), 'row')}. "
        f"Of all: spend {units.nano_usd(whole.cost_nano)}, {units.count(whole.escalated)} escalated, "
        f"{units.count(whole.fell_back)} fell back, {units.count(whole.failed)} failed",
        key="decisions",
        help="Counted by full hours, as on the Overview. A search narrows the rows, not these totals.",
    ):
        chosen = tables.decisions(page.rows, key=f"decisions-{number}")
    if chosen is not None:
        navigation.open_decision(chosen)


def _nothing(view: View, search: str, page: DecisionPage) -> None:
    with cards.card("Nothing found", view.period.label, key="nothing"):
        if search.strip() and page.next_cursor:
            components.untrusted(f"Not among the newest {SLICE:,} decisions. Look further with Older.")
        elif search.strip():
            components.untrusted(
                "No decision has this text. Words are found only where the policy keeps content; "
                "an id is found by its first six characters or more."
            )
        elif cache.store_state().requests:
            components.untrusted(
                "No decision matches. Remove a filter, include the playground, or choose a longer period."
            )
        else:
            components.untrusted("Nothing has been routed yet. Route a prompt in the playground.")
            navigation.link_to(navigation.PLAYGROUND)


def _trail(view: View, search: str) -> list[str | None]:
    """The cursors from the first page to this one; begun anew when the question changes."""
    question = (view.period.key, replace(view.filters, start=None, end=None), search)
    asked, trail = st.session_state.get(_TRAIL, (None, [None]))
    if asked != question:
        trail = [st.query_params.get("cursor")] if asked is None else [None]
        st.session_state[_TRAIL] = (question, trail)
    return list(trail)


def _turn(trail: list[str | None], page: DecisionPage, *, searching: bool) -> None:
    """Newer and older; the cursor goes into the address."""
    with st.container(horizontal=True, horizontal_alignment="right", key="turn"):
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            disabled=trail == [None],
            on_click=_go,
            args=([*trail[:-1]] or [None],),
        )
        st.button(
            "Look further" if searching and not page.rows else "Older",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page.next_cursor is None,
            on_click=_go,
            args=([*trail, page.next_cursor],),
        )


def _go(trail: list[str | None]) -> None:
    question, _ = st.session_state[_TRAIL]
    st.session_state[_TRAIL] = (question, trail)
    if trail[-1] is None:
        st.query_params.pop("cursor", None)
    else:
        st.query_params["cursor"] = trail[-1]


if __name__ == "__main__":
    show()
