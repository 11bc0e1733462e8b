"""A page that looks again by itself."""

from __future__ import annotations

from typing import Final

import streamlit as st

_TICKED: Final = "refresh-ticked"


def keep(seconds: int | None) -> None:
    """Draw the whole page anew every so many seconds; not at all for None."""
    if seconds is None:
        return
    st.session_state[_TICKED] = False
    st.fragment(_tick, run_every=seconds)()


def _tick() -> None:
    # The first time is part of the page's own run; each time after that Streamlit runs this fragment alone.
    if st.session_state.get(_TICKED):
        st.rerun()
    st.session_state[_TICKED] = True
