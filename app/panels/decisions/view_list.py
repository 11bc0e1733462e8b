"""Saved views of the list of decisions: open, save, rename, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app import plain, saved_views
from app.dashboard import address, cache, components
from app.dashboard.visitor import visitor
from app.saved_views import LONGEST_NAME, SavedViewError

KEPT: Final = frozenset({*address.NAMES, "path"})
"""Parameters that make up a view. The cursor does not: a place in the list is no filter."""
_EDITED: Final = "view-edited"
_PROBLEM: Final = "view-problem"
_NAME: Final = "view-name"
_NEW_NAME: Final = "view-new-name"


def draw() -> None:
    """The button that opens the list of views, and the list."""
    with st.popover("Views", icon=":material/bookmark:", width="content", key="views"):
        problem = st.session_state.pop(_PROBLEM, None)
        if problem is not None:
            components.notice(f"{problem[:1].upper()}{problem[1:]}.", tone="bad")
        try:
            known = saved_views.views(cache.settings().home)
        except SavedViewError as error:
            components.notice(f"{error}.", tone="bad")
            return
        if not known:
            components.untrusted("No view is saved yet. Set the filters, then give them a name.", muted=True)
        for number, view in enumerate(known):
            _entry(number, view)
        if visitor().operates:
            _save_form()


def present_query() -> str:
    """What the address is set to now."""
    present = st.query_params
    return saved_views.query_of({name: present.get_all(name) for name in present if name in KEPT})


def _entry(number: int, view: saved_views.SavedView) -> None:
    params = {name: values for name, values in view.params.items() if name in KEPT}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"view-{number}"):
        # No link: between two addresses of one page Streamlit's links leave the browser's address as it was.
        st.button(
            plain.markdown(view.name, LONGEST_NAME),
            key=f"view-open-{number}",
            icon=":material/check:" if view.query == present_query() else ":material/bookmark:",
            on_click=_open,
            args=(params,),
            type="tertiary",
            width="stretch",
        )
        if visitor().operates:
            st.button(
                "Change",
                key=f"view-change-{number}",
                type="tertiary",
                icon=":material/edit:",
                help="Rename or delete this view",
                on_click=_edit,
                args=(None if st.session_state.get(_EDITED) == view.name else view.name,),
            )
    if st.session_state.get(_EDITED) == view.name:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="view-edit"):
            st.text_input("Name", key=_NEW_NAME, label_visibility="collapsed", max_chars=LONGEST_NAME)
            st.button("Rename", key="view-rename", on_click=_rename, args=(view.name,))
            st.button("Delete", key="view-delete", on_click=_delete, args=(view.name,))


def _save_form() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="view-save"):
        st.text_input(
            "Save these filters as",
            key=_NAME,
            max_chars=LONGEST_NAME,
            placeholder="A name",
            help="A view keeps the period, the filters and the search. A name that is taken is replaced.",
        )
        st.button("Save", key="view-save-button", type="primary", on_click=_save, args=(present_query(),))


def _open(params: Mapping[str, list[str]]) -> None:
    st.query_params.from_dict(params)


def _edit(name: str | None) -> None:
    st.session_state[_EDITED] = name
    st.session_state[_NEW_NAME] = name or ""


def _save(query: str) -> None:
    try:
        saved_views.save(cache.settings().home, st.session_state.get(_NAME, ""), query)
        st.session_state[_NAME] = ""
    except SavedViewError as error:
        st.session_state[_PROBLEM] = str(error)


def _rename(old: str) -> None:
    try:
        saved_views.rename(cache.settings().home, old, st.session_state.get(_NEW_NAME, ""))
        _edit(None)
    except SavedViewError as error:
        st.session_state[_PROBLEM] = str(error)


def _delete(name: str) -> None:
    try:
        saved_views.delete(cache.settings().home, name)
        _edit(None)
    except SavedViewError as error:
        st.session_state[_PROBLEM] = str(error)
