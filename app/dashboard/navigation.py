"""Where the pages are, how one leads to another, and what the address keeps on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page

from app.dashboard.address import carried
from app.dashboard.visitor import visitor

DECISION: Final = "decision"
"""The query parameter that opens a decision from any page: ``?decision=ID``."""


Group: TypeAlias = Literal["Explore", "Trust", "Operate"]


@dataclass(frozen=True, slots=True)
class Place:
    """One page."""

    file: str
    """Relative to main.py."""
    url_path: str
    title: str
    icon: str
    group: Group | None
    """Where the sidebar lists it; None where it does not."""
    playground: bool = False
    """Whether it counts the playground until the reader says otherwise: right for a list of everything that was
    asked, wrong for business numbers."""


OVERVIEW: Final = Place("pages/overview.py", "overview", "Overview", ":material/monitoring:", "Explore")
COST: Final = Place("pages/cost.py", "cost", "Cost", ":material/payments:", "Explore")
ESCALATIONS: Final = Place("pages/escalations.py", "escalations", "Escalations", ":material/trending_up:", "Explore")
LATENCY: Final = Place("pages/latency.py", "latency", "Latency & reliability", ":material/speed:", "Explore")
DECISIONS: Final = Place(
    "pages/decisions.py", "decisions", "Decisions", ":material/alt_route:", "Explore", playground=True
)
ONE_DECISION: Final = Place("pages/decision.py", "decision", "Decision", ":material/account_tree:", None)
DRIFT: Final = Place("pages/drift.py", "drift", "Drift", ":material/ssid_chart:", "Trust")
QUALITY: Final = Place("pages/quality.py", "quality", "Quality", ":material/verified:", "Trust")
COMPLIANCE: Final = Place("pages/compliance.py", "compliance", "Compliance", ":material/verified_user:", "Trust")
POLICY: Final = Place("pages/policy.py", "policy", "Policy", ":material/schema:", "Trust")
ALERTS: Final = Place("pages/alerts.py", "alerts", "Alerts", ":material/notifications:", "Trust")
PLAYGROUND: Final = Place("pages/playground.py", "playground", "Playground", ":material/chat:", "Operate")
PIPELINE: Final = Place("pages/pipeline.py", "pipeline", "Pipeline", ":material/valve:", "Operate")

PLACES: Final = (
    *(OVERVIEW, COST, ESCALATIONS, LATENCY, DECISIONS, ONE_DECISION),
    *(DRIFT, QUALITY, COMPLIANCE, POLICY, ALERTS),
    *(PLAYGROUND, PIPELINE),
)
"""In the order of the sidebar."""


ROOT: Final = "start"
"""Streamlit serves the first page at ``/`` whatever it is called, and then at nothing else; so ``/overview`` is a page
of its own with the same file, and the one at ``/`` needs another name."""


_DECLARED: Final = "pages-declared"


def declare() -> Page:
    """Tell Streamlit the pages and get the one that the address names."""
    first = {place: _page(place, place.url_path) for place in PLACES}
    alias, first[OVERVIEW] = first[OVERVIEW], _page(OVERVIEW, ROOT, default=True)
    # Kept for the run's links: to make a page anew is to look for its file anew.
    st.session_state[_DECLARED] = first
    return st.navigation([*first.values(), alias], position="hidden")


def place_of(page: Page) -> Place:
    """The place that a page of `declare` shows."""
    return next((place for place in PLACES if place.url_path == page.url_path), OVERVIEW)


def links(current: Page) -> None:
    """The sidebar's list of pages; the links carry the filters."""
    group: Group | None = None
    for place in PLACES:
        if place.group is not None and (place is not PLAYGROUND or visitor().operates):
            if place.group != group:
                group = place.group
                st.html(f'<div class="rs-group">{group}</div>')
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


def decisions_url(**narrower: str | Sequence[str]) -> str:
    """The address of the decisions behind a number, relative to this server's root; as `open_decisions`."""
    along = {"playground": "false", **carried(), **narrower}
    return f"/{DECISIONS.url_path}?{urlencode(along, doseq=True, errors='replace')}"


def open_decision(decision_id: str) -> None:
    """Go to one decision's page now; the filters go along, for the way back."""
    st.switch_page(ONE_DECISION.file, query_params={**carried(), DECISION: decision_id})


def open_decisions(**narrower: str) -> None:
    """Go to the decisions behind a number now: the filters as they are, and these, as ``model="small"``."""
    # The list counts what the number counted: without the playground, unless that was asked for.
    st.switch_page(DECISIONS.file, query_params={"playground": "false", **carried(), **narrower})


def decisions_link(label: str = "Decisions", **narrower: str | Sequence[str]) -> None:
    """A link to the decisions behind a number. ``label`` is Markdown, as in `link_to`."""
    target, along = _first(DECISIONS), {"playground": "false", **carried(), **narrower}
    st.page_link(target, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=along)


def leads_to(place: Place, label: str, **params: str) -> None:
    """A link from a number to the page that says more of it. ``label`` is Markdown, as in `link_to`."""
    along = {**carried(), **params}
    st.page_link(_first(place), label=label, icon=":material/arrow_forward:", icon_position="right", query_params=along)


def _first(place: Place) -> Page:
    declared: dict[Place, Page] = st.session_state[_DECLARED]
    return declared[place]


def _page(place: Place, url_path: str, *, default: bool = False) -> Page:
    return st.Page(place.file, title=place.title, icon=place.icon, url_path=url_path, default=default)
