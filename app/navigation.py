"""Where the pages are, how one leads to another, and what the address keeps on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page

DECISION: Final = "decision"
"""The query parameter that opens a decision from any page: ``?decision=ID``."""
CARRIED: Final = ("range", "route", "tenant", "model", "intent", "playground", "simulated")
"""Query parameters that mean the same on every page and so go along from one to the next."""


@dataclass(frozen=True, slots=True)
class Place:
    """One page."""

    file: str
    """Relative to main.py."""
    url_path: str
    title: str
    icon: str
    listed: bool = True
    """Whether the sidebar names it."""


OVERVIEW: Final = Place("pages/overview.py", "overview", "Overview", ":material/monitoring:")
DECISIONS: Final = Place("pages/decisions.py", "decisions", "Decisions", ":material/alt_route:")
ONE_DECISION: Final = Place("pages/decision.py", "decision", "Decision", ":material/account_tree:", listed=False)
DRIFT: Final = Place("pages/drift.py", "drift", "Drift", ":material/ssid_chart:")
PLAYGROUND: Final = Place("pages/playground.py", "playground", "Playground", ":material/chat:")

PLACES: Final = (OVERVIEW, DECISIONS, ONE_DECISION, DRIFT, PLAYGROUND)


def declare() -> Page:
    """Tell Streamlit the pages and get the one that the address names."""
    return st.navigation(
        [
            st.Page(place.file, title=place.title, icon=place.icon, url_path=place.url_path, default=place is OVERVIEW)
            for place in PLACES
        ],
        position="hidden",
    )


def links() -> None:
    """The sidebar's list of pages.

    The links carry the filters, but Streamlit drops parameters that are bound to widgets when it follows them in the
    page; they arrive only when a link is opened in a new tab.
    """
    along = carried()
    for place in PLACES:
        if place.listed:
            st.page_link(place.file, label=place.title, icon=place.icon, query_params=along, width="stretch")


def carried() -> dict[str, list[str]]:
    """The address's filters, as query parameters for another page."""
    present = st.query_params
    return {name: present.get_all(name) for name in CARRIED if name in present}


def link_to(place: Place, *, label: str | None = None, icon: str | None = None, **params: str) -> None:
    """A link to a page that keeps the filters. ``label`` is Markdown: pass names through `app.plain.markdown`."""
    st.page_link(place.file, label=label or place.title, icon=icon or place.icon, query_params={**carried(), **params})


def decision_link(decision_id: str, *, label: str = "Open the decision") -> None:
    """A link to one decision."""
    link_to(ONE_DECISION, label=label, **{DECISION: decision_id})


def decision_url(decision_id: str) -> str:
    """The address of one decision, relative to this server's root."""
    return f"/{ONE_DECISION.url_path}?{urlencode({DECISION: decision_id})}"


def open_decision(decision_id: str) -> None:
    """Go to one decision's page now; the filters wait for the next page that has them."""
    st.session_state[_WAITING] = carried()
    st.switch_page(ONE_DECISION.file, query_params={DECISION: decision_id})


def open_decisions(*, model: str) -> None:
    """Go to the decisions of one model or tool now, the other filters as they are."""
    # The list counts what the table counted: without the playground, unless that was asked for.
    st.session_state[_WAITING] = {"playground": ["false"], **carried(), "model": [model]}
    # Clearing bound parameters is refused too, so one of our own is set.
    st.switch_page(DECISIONS.file, query_params={"from": "models"})


def take_filters() -> None:
    """Set the filters that came along; before the page draws them.

    Streamlit lets nobody but a widget write the query parameter that it is bound to, so a page that is opened by a
    click in a table gets its filters through the session.
    """
    for name, values in st.session_state.pop(_WAITING, {}).items():
        if name in {"range", "simulated"}:
            st.session_state[name] = values[0]
        elif name == "playground":
            st.session_state[name] = values[0] == "true"
        else:
            st.session_state[name] = values


_WAITING: Final = "filters-waiting"
