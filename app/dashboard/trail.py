"""Turning the pages of a list that is read by cursors: the way back is the cursors that led here.

The cursor of the page in view is in the address, so that a link or a reload comes back to it; the way there is kept by
the session.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Trail:
    """The cursors from the first page, whose is None, to the one in view."""

    key: str
    """Unique among the lists of the dashboard."""
    parameter: str
    """The query parameter that holds the cursor."""
    cursors: tuple[str | None, ...]

    @property
    def cursor(self) -> str | None:
        """Where the page in view begins."""
        return self.cursors[-1]

    @property
    def number(self) -> int:
        """Of the page in view, from 1, counted from where the reader came in."""
        return len(self.cursors)

    @property
    def at_first(self) -> bool:
        """Whether it is the first page of all."""
        return self.cursors == (None,)

    def buttons(self, next_cursor: str | None, *, older: str = "Older") -> None:
        """Draw the two that turn the pages. ``next_cursor``: of the page after this one; None when there is none."""
        with st.container(horizontal=True, horizontal_alignment="right", key=f"{self.key}-turn"):
            st.button(
                "Newer",
                icon=":material/chevron_left:",
                key=f"{self.key}-newer",
                disabled=self.at_first,
                on_click=self._go,
                args=(self.cursors[:-1] or (None,),),
            )
            st.button(
                older,
                icon=":material/chevron_right:",
                icon_position="right",
                key=f"{self.key}-older",
                disabled=next_cursor is None,
                on_click=self._go,
                args=((*self.cursors, next_cursor),),
            )

    def _go(self, cursors: tuple[str | None, ...]) -> None:
        question, _ = st.session_state[_place(self.key)]
        st.session_state[_place(self.key)] = (question, cursors)
        _tell(self.parameter, cursors[-1])


def trail(key: str, question: Hashable, *, parameter: str = "cursor") -> Trail:
    """Where the reader is in a list; at its beginning again when the question changes.

    Args:
        key: unique among the lists of the dashboard.
        question: all that decides which rows there are.
        parameter: the query parameter that holds the cursor.
    """
    asked, cursors = st.session_state.get(_place(key), (None, ()))
    here = st.query_params.get(parameter)
    if asked is not None and asked != question:
        # A place in the list that was asked for before is no place in this one.
        cursors = (None,)
        _tell(parameter, None)
    elif not cursors or cursors[-1] != here:
        # A link, or the browser's Back: the address says where the reader is.
        cursors = cursors[: cursors.index(here) + 1] if here in cursors else (here,)
    st.session_state[_place(key)] = (question, cursors)
    return Trail(key, parameter, cursors)


def _tell(parameter: str, cursor: str | None) -> None:
    if cursor is None:
        st.query_params.pop(parameter, None)
    elif st.query_params.get(parameter) != cursor:
        st.query_params[parameter] = cursor


def _place(key: str) -> str:
    return f"{key}-trail"
