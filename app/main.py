"""The dashboard's entry: `python -P -m streamlit run app/main.py`. Names the pages and draws what all of them share."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from app.dashboard import address, cards, door, navigation, policy_banner, shell
from app.interpreter import keep_what_is_here

LOGO = Path(__file__).parent / "static" / "logo.svg"
_log = logging.getLogger("routescope.dashboard")


def main() -> None:
    """One run of whichever page the address names."""
    st.set_page_config(
        page_title="RouteScope", page_icon=str(LOGO), layout="wide", initial_sidebar_state="auto", menu_items={}
    )
    page = navigation.declare()
    place = navigation.place_of(page)
    if navigation.DECISION in st.query_params and place is not navigation.ONE_DECISION:
        navigation.open_decision(st.query_params[navigation.DECISION])
    address.settle(page.url_path, playground=place.playground)
    shell.page_style()
    if not door.door(place):
        return
    with st.sidebar:
        shell.brand(LOGO)
        navigation.links(page)
        shell.sidebar_foot()
        door.foot()
    policy_banner.draw(faults=place is not navigation.POLICY)
    try:
        page.run()
    except Exception:  # noqa: BLE001 - the edge: a page's fault is logged whole and told in one sentence
        _log.exception("the page %s failed", page.title)
        cards.error_card("This page failed. The details are in the dashboard's log; the other pages go on.", key="page")
    _settle()


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Once a process, when its first page has imported what all of them use."""
    keep_what_is_here()


main()
