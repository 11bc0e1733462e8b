"""The filters in a page's address: the widgets follow the address, and the address follows what the reader changes.

Streamlit can bind a widget to a query parameter by itself, but such a binding belongs to one page: opening another
drops the parameter, a link cannot carry it, and a value that is that page's default is taken out of a deep link. Here
filters are ordinary parameters, so links carry them and the browser's Back brings them back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import streamlit as st

from app.dashboard.view import DEFAULT_RANGE, is_range

Value: TypeAlias = str | bool | list[str]

SIMULATED: Final[dict[str, bool | None]] = {"all": None, "real": False, "simulated": True}
"""What the parameter ``simulated`` may say, and what that is for a query."""
REFRESH: Final[dict[str, int | None]] = {"off": None, "10s": 10, "30s": 30, "1min": 60, "5min": 300}
"""What the parameter ``refresh`` may say, and the seconds from one look at the store to the next."""

_DEFAULTS: Final = {"range": DEFAULT_RANGE, "simulated": "all", "refresh": "off"}
_ALLOWED: Final[dict[str, Callable[[str], bool]]] = {
    "range": is_range,
    "simulated": SIMULATED.__contains__,
    "refresh": REFRESH.__contains__,
}
_LISTS: Final = ("route", "tenant", "model", "intent", "status", "risk", "data_class")
_TEXTS: Final = ("q", "policy")
_FLAGS: Final = ("playground", "compare")
NAMES: Final = (*_DEFAULTS, *_LISTS, *_TEXTS, *_FLAGS)
"""All filters. Each is a query parameter and the key of its widget."""
CARRIED: Final = tuple(name for name in NAMES if name != "q")
"""Those that mean the same on every page and so go along from one to the next."""
_CURSOR: Final = "cursor"
_TOUCHED: Final = "filters-touched"
_PAGE: Final = "filters-page"


def settle(page: str, *, playground: bool) -> None:
    """Make address and widgets agree. Once a run, before anything is drawn.

    A widget that the reader has just changed wins; otherwise the address does, since it was typed, linked to, or
    brought back by the browser.

    Args:
        page: its name.
        playground: whether the page counts the playground when the address does not say.
    """
    arrived = st.session_state.get(_PAGE) != page
    st.session_state[_PAGE] = page
    if st.session_state.pop(_TOUCHED, False):
        _write(playground)
        return
    for name in NAMES:
        wanted = parse(name, st.query_params.get_all(name), playground=playground)
        # A value of the last page's widget looks like one of this page's, and goes when that widget does not come back.
        if arrived or st.session_state.get(name) != wanted:
            st.session_state[name] = wanted


def touched() -> None:
    """For ``on_change`` of each filter's widget."""
    st.session_state[_TOUCHED] = True


def put(name: str, value: Value) -> None:
    """Set a filter as if the reader had; for callbacks of buttons."""
    st.session_state[name] = value
    touched()


def clear(name: str, value: str | None = None) -> None:
    """Take a filter back, or one value of it, as if the reader had; for callbacks of buttons."""
    wanted = st.session_state.get(name)
    rest = [one for one in wanted if one != value] if isinstance(wanted, list) and value is not None else None
    put(name, parse(name, [], playground=False) if rest is None else rest)


def carried() -> dict[str, list[str]]:
    """The address's filters, as query parameters for another page."""
    present = st.query_params
    # Beside a week the model is not a filter: both together name one square of the drift page.
    square = {"model"} if "week" in present else set()
    return {name: present.get_all(name) for name in CARRIED if name in present and name not in square}


def parse(name: str, given: list[str], *, playground: bool) -> Value:
    """A filter's value by what the address says of it; what it cannot say counts as not said."""
    if name in _LISTS:
        return list(dict.fromkeys(value for value in given if value))
    last = given[-1] if given else ""
    if name in _TEXTS:
        return last
    if name in _FLAGS:
        return {"true": True, "false": False}.get(last, playground and name == "playground")
    return last if _ALLOWED[name](last) else _DEFAULTS[name]


def unparse(value: Value) -> list[str]:
    """A filter's value as the values of its query parameter."""
    if isinstance(value, bool):
        return [str(value).lower()]
    return list(value) if isinstance(value, list) else [value]


def _write(playground: bool) -> None:
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = dict(before)
    for name in NAMES:
        if name not in st.session_state:
            continue
        value: Value = st.session_state[name]
        if value != parse(name, [], playground=playground):
            after[name] = unparse(value)
        elif name in _FLAGS and name in before:
            # The default differs from page to page, so what was said once stays said.
            after[name] = unparse(value)
        else:
            after.pop(name, None)
    if after != before:
        # A place in the list that was filtered before is no place in the list now.
        after.pop(_CURSOR, None)
        st.query_params.from_dict(after)
