"""What is on every page: the style, the mark at the top of the sidebar, and what stands at its foot."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.dashboard import theme


def page_style() -> None:
    """Our CSS; once a run, from main.py."""
    st.html(theme.css(theme.mode()))


def brand(logo: Path) -> None:
    """The product's mark, at the top of the sidebar."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="brand"):
        st.image(str(logo), width=24)
        st.html('<div class="rs-brand">RouteScope</div>')


def sidebar_foot() -> None:
    """What holds on every page."""
    st.html('<div class="rs-sub rs-foot">All times are UTC.<br>Unknown is said, never counted as zero.</div>')
