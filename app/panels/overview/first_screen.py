"""What an empty store shows: how to fill it, and how far demo traffic has come."""

from __future__ import annotations

import streamlit as st

from app.dashboard import cache, cards, components, navigation
from app.dashboard.visitor import visitor
from app.demo_progress import DemoProgress, progress

DEMO_SIZES = {2_000: "half a minute", 20_000: "two minutes"}
"""Requests of a demo, and about how long they take to write and to look through."""


def draw() -> None:
    """The overview of a store with nothing in it."""
    components.page_header("Overview", "Nothing has been routed yet")
    with cards.grid("first", narrowest="half"):
        with cards.card("Route a prompt of your own", "See every step as it happens", key="first-playground"):
            components.untrusted(
                "Type a prompt in the playground: it is routed through the real models, and its decision appears here."
            )
            navigation.link_to(navigation.PLAYGROUND, label="Open the playground")
        if visitor().operates:
            _offer_demo()
    st.button("Look again", icon=":material/refresh:", on_click=cache.forget)


@st.fragment(run_every=2)
def _offer_demo() -> None:
    # Imported when an empty store is met and not before: it brings the whole router along.
    from app import demo

    with cards.card("Or look around first", "Eight weeks of simulated traffic", key="first-demo"):
        components.untrusted(
            "Simulated history goes through the real router and is labelled as simulated wherever it shows."
        )
        now = progress(cache.settings())
        running = now is not None and now.running
        if not running and cache.store_state().requests:
            cache.forget()
            st.rerun()
        size = st.segmented_control(
            "How much",
            list(DEMO_SIZES),
            format_func=lambda size: f"{size:,} requests, {DEMO_SIZES[size]}",
            default=demo.DEFAULT_REQUESTS,
            required=True,
            disabled=running,
            key="demo-size",
        )
        if st.button("Write demo traffic", type="primary", disabled=running):
            demo.start_in_background(cache.settings(), count=size)
            st.rerun(scope="fragment")
        if now is not None and now.error:
            components.notice(f"{now.error[:1].upper()}{now.error[1:]}.", tone="bad")
        elif now is not None and running:
            st.progress(now.share, text=_stage(now))


def _stage(now: DemoProgress) -> str:
    if now.stage == "drift":
        return f"{now.total:,} requests written; looking for drift in them"
    return f"{now.done:,} of {now.total:,} requests written"


@st.fragment(run_every=2)
def _told_until_done() -> None:
    """What is counted below is not all yet; once it is, the page is drawn anew."""
    now = progress(cache.settings())
    if now is not None and now.running:
        components.notice(f"Demo traffic is being written: {_stage(now)}. What is below grows until it is done.")
    else:
        cache.forget()
        st.rerun()


def demo_under_way() -> None:
    """Say that what is counted is not all yet, while a demo is being written."""
    now = progress(cache.settings())
    if now is not None and now.running:
        _told_until_done()
