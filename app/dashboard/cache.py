"""The store's answers, kept for a few seconds, so that ten cards on a page do not ask ten times.

`ask` takes any function of `telemetry.query` and what it is asked; errors are those of `telemetry.errors`, which a card
tells in place of its chart (`app.dashboard.cards`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import sqlalchemy as sa
import streamlit as st

from app.dashboard.charts import style
from app.dashboard.visitor import visitor
from app.settings import Settings
from telemetry.query import decision as decision_query
from telemetry.query import facets as facets_query
from telemetry.query import store as store_query
from telemetry.query.decision import DecisionDetail
from telemetry.query.facets import Facets
from telemetry.query.store import StoreState
from telemetry.storage.engine import open_reader

TTL_S: Final = 10.0
SETTLED_TTL_S: Final = 300.0
"""A decision does not change once it is written."""
FACETS_TTL_S: Final = 60.0
"""Names come seldom, and to read all of them is among the dearest questions of a page."""
_ENTRIES: Final = 256
_HANDS: Final = ThreadPoolExecutor(2, thread_name_prefix="routescope-ask")
"""Who asks ahead. The database works on its own while a page is made, so two are enough to keep it busy."""

P = ParamSpec("P")
T = TypeVar("T")


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


def ask(query: Callable[Concatenate[sa.Engine, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a query of `telemetry.query` answers, at most `TTL_S` seconds old.

    Args:
        query: its first parameter is the engine, which is given here.
        args: the others; values that can be hashed by what they say, as filters and names.
        kwargs: likewise.
    """
    name = f"{query.__module__}.{query.__qualname__}"
    return cast(T, _answer(settings().database_url, name, args, kwargs, query))


def ahead(query: Callable[Concatenate[sa.Engine, P], T], *args: P.args, **kwargs: P.kwargs) -> None:
    """Begin to look for what the page is about to `ask`, while it is at something else.

    Whoever then asks the same waits for this answer and does not ask twice. What fails here fails again when it is
    asked for, and is told there.
    """
    name = f"{query.__module__}.{query.__qualname__}"
    _HANDS.submit(_answer, settings().database_url, name, args, kwargs, query)


def store_state() -> StoreState:
    """What is in the store."""
    return ask(store_query.store_state)


def facets() -> Facets:
    """The values that filters can take, at most `FACETS_TTL_S` seconds old."""
    return _facets(settings().database_url)


def decision(decision_id: str) -> DecisionDetail | None:
    """One decision; what was not found is asked for again, since it may be on its way. Viewers get it without words."""
    try:
        found = _decision(settings().database_url, decision_id)
    except _NotThereYet:
        return None
    return found if visitor().operates else replace(found, content=None)


def colours(mode: str) -> dict[str, str]:
    """The colour of every model and tool in the store, the same on all pages."""
    known = facets()
    return style.model_colours((*known.models, *known.tools), "dark" if mode == "dark" else "light")


class _NotThereYet(Exception):
    """Keeps an absence out of the cache."""


@st.cache_data(ttl=TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _answer(
    url: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], _query: Callable[..., object]
) -> object:
    # The name stands for the query in the cache's key: Streamlit leaves out what begins with an underscore.
    return _query(engine_of(url), *args, **kwargs)


@st.cache_data(ttl=FACETS_TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _facets(url: str) -> Facets:
    return facets_query.facets(engine_of(url))


@st.cache_data(ttl=SETTLED_TTL_S, max_entries=_ENTRIES, show_spinner=False)
def _decision(url: str, decision_id: str) -> DecisionDetail:
    found = decision_query.decision(engine_of(url), decision_id)
    if found is None:
        raise _NotThereYet
    return found
