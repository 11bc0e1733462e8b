"""Where the pages are, how one leads to another, and what the address keeps on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page

from app.dashboard.address import carried

DECISION: Final = "decision"
"""The query parameter that opens a decision from any page: ``?decision=ID``."""


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
    playground: bool = False
    """Whether it counts the playground until the reader says otherwise: right for a list of everything that was
    asked, wrong for business numbers."""


OVERVIEW: Final = Place("pages/overview.py", "overview", "Overview", ":material/monitoring:")
DECISIONS: Final = Place("pages/decisions.py", "decisions", "Decisions", ":material/alt_route:", playground=True)
ONE_DECISION: Final = Place("pages/decision.py", "decision", "Decision", ":material/account_tree:", listed=False)
DRIFT: Final = Place("pages/drift.py", "drift", "Drift", ":material/ssid_chart:")
PLAYGROUND: Final = Place("pages/playground.py", "playground", "Playground", ":material/chat:")

PLACES: Final = (OVERVIEW, DECISIONS, ONE_DECISION, DRIFT, PLAYGROUND)


ROOT: Final = "start"
"""Streamlit serves the first page at ``/`` whatever it is called, and then at nothing else; so ``/overview`` is a page
of its own with the same file, and the one at ``/`` needs another name."""


def declare() -> Page:
    """Tell Streamlit the pages and get the one that the address names."""
    pages = [_page(OVERVIEW, ROOT, default=True), *(_page(place, place.url_path) for place in PLACES)]
    return st.navigation(pages, position="hidden")


def place_of(page: Page) -> Place:
    """The place that a page of `declare` shows."""
    return next((place for place in PLACES if place.url_path == page.url_path), OVERVIEW)


def links(current: Page) -> None:
    """The sidebar's list of pages; the links carry the filters."""
    for place in PLACES:
        if place.listed:
            # The page in view has two addresses if it is the first: it is marked as current at the one that is in use.
            target = current if place is place_of(current) else _first(place)
            st.page_link(target, label=place.title, icon=place.icon, query_params=carried(), width="stretch")


def link_to(place: Place, *, label: str | None = None, icon: str | None = None, **params: str) -> None:
    """A link to a page that keeps the filters. ``label`` is Markdown: pass names through `app.plain.markdown`."""
    target, along = _first(place), {**carried(), **params}
    st.page_link(target, label=label or place.title, icon=icon or place.icon, query_params=along)


def decision_link(decision_id: str, *, label: str = "Open the decision") -> None:
    """A link to one decision."""
    link_to(ONE_DECISION, label=label, **{DECISION: decision_id})


def decision_url(decision_id: str) -> str:
    """The address of one decision, relative to this server's root."""
    return f"/{ONE_DECISION.url_path}?{urlencode({DECISION: decision_id})}"


def open_decision(decision_id: str) -> None:
    """Go to one decision's page now; the filters go along, for the way back."""
    st.switch_page(ONE_DECISION.file, query_params={**carried(), DECISION: decision_id})


def open_decisions(*, model: str) -> None:
    """Go to the decisions of one model or tool now, the other filters as they are."""
    # The list counts what the table counted: without the playground, unless that was asked for.
    st.switch_page(DECISIONS.file, query_params={"playground": "false", **carried(), "model": model})


def _first(place: Place) -> Page:
    return _page(place, ROOT, default=True) if place is OVERVIEW else _page(place, place.url_path)


def _page(place: Place, url_path: str, *, default: bool = False) -> Page:
    return st.Page(place.file, title=place.title, icon=place.icon, url_path=url_path, default=default)
