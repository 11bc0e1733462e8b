"""What stands before every page for whoever has not said who they are, and the way out for whoever has."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from app import plain
from app.dashboard import cards, components
from app.dashboard.navigation import OVERVIEW, Place
from app.dashboard.visitor import visitor
from app.login.way import Way, Ways, browser_of

WIDTH_PX: Final = 420
"""Of the door: one thing to read and one to do."""


_WAYS: Final = Ways(time.monotonic)
_COOKIE: Final = "_streamlit_xsrf"


def door(place: Place) -> bool:
    """Whether whoever looks at a place may come in; draws why not, and what to do about it.

    Who has just logged in goes on to where they wanted to go before.
    """
    someone = visitor()
    if someone.role is not None:
        if someone.name is not None:
            _go_on(place)
        return True
    if someone.name is None:
        _remember(place)
    with st.container(horizontal_alignment="center", key="threshold"), st.container(width=WIDTH_PX):
        if someone.name is None:
            components.page_header("RouteScope", "Which model answered, why, and what it cost")
            with cards.card("Log in", "Your organisation says who you are", key="door"):
                st.button("Log in", type="primary", icon=":material/login:", on_click=st.login, width="stretch")
        else:
            components.page_header("Not for you yet", "You are logged in, and have no role here")
            with cards.card("Ask who runs RouteScope", "They can name you in its login file", key="door"):
                components.untrusted(f"You are known as {someone.name}.")
                _way_out()
    return False


def _remember(place: Place) -> None:
    browser = browser_of(st.context.cookies.get(_COOKIE))
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    if browser is not None and (asked or place is not OVERVIEW):
        _WAYS.keep(browser, Way(place.file, asked))


def _go_on(place: Place) -> None:
    if place is not OVERVIEW or st.query_params:
        return
    browser = browser_of(st.context.cookies.get(_COOKIE))
    way = None if browser is None else _WAYS.take(browser)
    if way is not None:
        st.switch_page(way.file, query_params=way.parameters)


def operators_only(title: str) -> None:
    """The page that a viewer sees in place of one that is not theirs."""
    components.page_header(title, "For operators")
    with cards.card("You may look, not act", "Who runs RouteScope can name you an operator", key="operators"):
        components.untrusted("This page sends prompts to models. All numbers and decisions are yours to see.")


def foot() -> None:
    """At the foot of the sidebar: who is logged in, and the way out."""
    someone = visitor()
    if someone.name is not None:
        st.html(f'<div class="rs-sub">{plain.html(someone.name)}, {someone.role}</div>')
        _way_out()


def _way_out() -> None:
    st.button("Log out", icon=":material/logout:", type="tertiary", on_click=st.logout, key="log-out")
