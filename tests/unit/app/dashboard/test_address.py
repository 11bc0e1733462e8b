"""Filters in the address: what it may say, and who wins when address and widgets differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.dashboard.address import NAMES, parse, unparse


def page() -> None:
    """A page with a widget of each kind, and a button that sets one."""
    import streamlit as st

    from app.dashboard import address

    address.settle(st.session_state.get("page", "one"), playground=st.session_state.get("page") == "two")
    if st.session_state.get("page") != "bare":
        st.segmented_control("range", ["24h", "30d", "8w"], key="range", required=True, on_change=address.touched)
        st.multiselect("intent", ["chat", "code"], key="intent", on_change=address.touched)
        st.toggle("playground", key="playground", on_change=address.touched)
        st.text_input("q", key="q", on_change=address.touched)
        st.button("include", on_click=address.put, args=("playground", True))
    st.session_state["along"] = address.carried()


def opened(**params: str | list[str]) -> AppTest:
    app = AppTest.from_function(page)
    for name, value in params.items():
        app.query_params[name] = value
    return settled(app)


def settled(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def address_of(app: AppTest) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in app.query_params.items()}


def shown(app: AppTest) -> tuple[object, ...]:
    return tuple(app.session_state[name] for name in ("range", "intent", "playground", "q"))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("range", [], "30d"),
        ("range", ["8w"], "8w"),
        ("range", ["a year"], "30d"),
        ("simulated", ["simulated"], "simulated"),
        ("model", ["a", "b", "a", ""], ["a", "b"]),
        ("q", ["words"], "words"),
        ("playground", [], False),
        ("playground", ["true"], True),
        ("playground", ["maybe"], False),
    ],
)
def test_the_address_says_a_value_or_the_default(name: str, given: list[str], value: object) -> None:
    assert parse(name, given, playground=False) == value


@given(st.sampled_from(NAMES), st.lists(st.text(max_size=8), max_size=4), st.booleans())
def test_what_was_read_from_an_address_reads_the_same_when_written_back(
    name: str, said: list[str], playground: bool
) -> None:
    value = parse(name, said, playground=playground)
    assert parse(name, unparse(value), playground=playground) == value


def test_widgets_start_from_the_address() -> None:
    app = opened(range="8w", intent=["chat", "code"], playground="true", q="words")
    assert shown(app) == ("8w", ["chat", "code"], True, "words")


def test_what_the_reader_changes_goes_into_the_address_and_the_rest_of_it_stays() -> None:
    app = opened(range="8w", other="kept")
    app.multiselect(key="intent").set_value(["code"])
    settled(app)
    assert address_of(app) == {"range": ["8w"], "other": ["kept"], "intent": ["code"]}


def test_a_default_that_the_reader_chooses_leaves_the_address() -> None:
    app = opened(intent="code", q="words")
    app.multiselect(key="intent").set_value([])
    app.text_input(key="q").set_value("")
    settled(app)
    assert address_of(app) == {}


def test_a_deep_link_that_says_the_default_is_left_as_it_is() -> None:
    app = opened(range="30d", playground="false")
    assert address_of(app) == {"range": ["30d"], "playground": ["false"]}


def test_an_address_that_changed_by_itself_wins_over_the_widgets() -> None:
    app = opened(range="8w")
    app.query_params["range"] = "24h"
    settled(app)
    assert shown(app)[0] == "24h"
    del app.query_params["range"]
    settled(app)
    assert shown(app)[0] == "30d"


def test_a_button_sets_a_filter_as_the_reader_would() -> None:
    app = opened()
    app.button[0].click()
    settled(app)
    assert shown(app)[2] is True
    assert address_of(app) == {"playground": ["true"]}


def test_a_change_of_filters_begins_the_list_anew() -> None:
    app = opened(cursor="c1", range="8w")
    app.text_input(key="q").set_value("words")
    settled(app)
    assert "cursor" not in app.query_params


def test_each_page_has_its_own_default_until_the_reader_has_said_which() -> None:
    app = opened()
    app.session_state["page"] = "two"
    assert shown(settled(app))[2] is True
    app.toggle(key="playground").set_value(False)
    settled(app)
    app.toggle(key="playground").set_value(True)
    assert address_of(settled(app)) == {"playground": ["true"]}
    app.session_state["page"] = "one"
    assert shown(settled(app))[2] is True


def test_a_page_without_filters_lets_them_pass_through() -> None:
    app = opened(range="8w", intent="chat", q="words", decision="d1")
    app.session_state["page"] = "bare"
    settled(app)
    assert app.session_state["along"] == {"range": ["8w"], "intent": ["chat"]}
    app.session_state["page"] = "one"
    assert shown(settled(app)) == ("8w", ["chat"], False, "words")


def test_the_square_of_the_drift_page_is_no_filter_of_other_pages() -> None:
    app = opened(model="sprint", week="2026-W45", range="8w")
    assert app.session_state["along"] == {"range": ["8w"]}
