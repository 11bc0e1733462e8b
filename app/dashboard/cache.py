"""The store's answers, kept for a few seconds, so that ten widgets on a page do not ask ten times.

Every function here takes what its namesake in `telemetry.query` takes, without the engine, and returns the same.
Errors are those of `telemetry.errors`; `app.dashboard.components.errors_shown` turns them into a card.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
import streamlit as st

from app.dashboard import charts
from app.settings import Settings
from telemetry.query import decision as decision_query
from telemetry.query import decisions as decisions_query
from telemetry.query import facets as facets_query
from telemetry.query import overview as overview_query
from telemetry.query import store as store_query
from telemetry.query.decision import DecisionDetail
from telemetry.query.decisions import DecisionPage
from telemetry.query.facets import Facets
from telemetry.query.filters import Filters
from telemetry.query.overview import Bucket, Flow, IntentTotals, ModelBucket, ModelTotals, Step, Totals
from telemetry.query.store import StoreState
from telemetry.storage.engine import open_reader

TTL_S: Final = 10.0
SETTLED_TTL_S: Final = 300.0
"""A decision does not change once it is written."""
_ENTRIES: Final = 256


def settings() -> Settings:
    """This process's settings."""
    return Settings.read()


@st.cache_resource(show_spinner=False)
def engine_of(url: str) -> sa.Engine:
    """One reading engine a database."""
    return open_reader(url)


def reader() -> sa.Engine:
    """The engine of this process's database."""
    return engine_of(settings().database_url)


def forget() -> None:
    """Ask the store again on the next run."""
    st.cache_data.clear()


def store_state() -> StoreState:
    """What is in the store."""
    return _store_state(settings().database_url)


def facets() -> Facets:
    """The values that filters can take."""
    return _facets(settings().database_url)


def totals(filters: Filters) -> Totals:
    """Everything of the filter, added up."""
    return _totals(settings().database_url, filters)


def series(filters: Filters, step: Step) -> list[Bucket]:
    """Requests over time."""
    return _series(settings().database_url, filters, step)


def by_model(filters: Filters) -> list[ModelTotals]:
    """Branches by model or tool."""
    return _by_model(settings().database_url, filters)


def model_series(filters: Filters, step: Step) -> list[ModelBucket]:
    """Branches by model or tool, over time."""
    return _model_series(settings().database_url, filters, step)


def by_intent(filters: Filters) -> list[IntentTotals]:
    """Requests by intent."""
    return _by_intent(settings().database_url, filters)


def flows(filters: Filters) -> list[Flow]:
    """From intent by first to chosen."""
    return _flows(settings().database_url, filters)


def page(filters: Filters, search: str = "", cursor: str | None = None, limit: int = 50) -> DecisionPage:
    """Decisions, newest first."""
    return _page(settings().database_url, filters, search, cursor, limit)


def decision(decision_id: str) -> DecisionDetail | None:
    """One decision; what was not found is asked for again, since it may be on its way."""
    try:
        return _decision(settings().database_url, decision_id)
    except _NotThereYet:
        return None


def colours(mode: str) -> dict[str, str]:
    """The colour of every model and tool in the store, the same on all pages."""
    known = facets()
    return charts.model_colours((*known.models, *known.tools), "dark" if mode == "dark" else "light")


class _NotThereYet(Exception):
    """Keeps an absence out of the cache."""


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _store_state(url: str) -> StoreState:
    return store_query.store_state(engine_of(url))


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _facets(url: str) -> Facets:
    return facets_query.facets(engine_of(url))


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _totals(url: str, filters: Filters) -> Totals:
    return overview_query.totals(engine_of(url), filters)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _series(url: str, filters: Filters, step: Step) -> list[Bucket]:
    return overview_query.series(engine_of(url), filters, step)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _by_model(url: str, filters: Filters) -> list[ModelTotals]:
    return overview_query.by_model(engine_of(url), filters)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _model_series(url: str, filters: Filters, step: Step) -> list[ModelBucket]:
    return overview_query.model_series(engine_of(url), filters, step)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _by_intent(url: str, filters: Filters) -> list[IntentTotals]:
    return overview_query.by_intent(engine_of(url), filters)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _flows(url: str, filters: Filters) -> list[Flow]:
    return overview_query.flows(engine_of(url), filters)


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _page(url: str, filters: Filters, search: str, cursor: str | None, limit: int) -> DecisionPage:
    return decisions_query.page(engine_of(url), filters, search=search, cursor=cursor, limit=limit)


@st.cache_data(ttl=SETTLED_TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _decision(url: str, decision_id: str) -> DecisionDetail:
    found = decision_query.decision(engine_of(url), decision_id)
    if found is None:
        raise _NotThereYet
    return found
