"""Cards: unknown stays unknown, and an error of the store becomes a sentence in the card that asked."""

from __future__ import annotations

import re
from base64 import b64decode
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.dashboard import cards

HOSTILE = "<b onclick=alert(1)>x</b> [y](javascript:alert(1)) \u202e"


def drawn(page: object) -> AppTest:
    app = AppTest.from_function(page).run()  # type: ignore[arg-type]
    assert not app.exception
    return app


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def path_of(line: list[float | None]) -> str:
    kind, _, body = cards.sparkline(line, "#112233").partition(",")
    assert kind == "data:image/svg+xml;base64"
    (path,) = ElementTree.fromstring(b64decode(body))
    return path.attrib["d"]


def test_a_sparkline_breaks_where_a_number_is_unknown() -> None:
    assert path_of([1.0, 3.0, None, 2.0]).count("M") == 2
    assert path_of([1.0, None, 3.0]).count("l0 0") == 2
    assert path_of([None, None]) == path_of([]) == ""


@given(st.lists(st.none() | st.floats(-1e12, 1e12), max_size=90))
def test_a_sparkline_stays_within_its_box(line: list[float | None]) -> None:
    for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path_of(line)):
        assert 0 <= float(x) <= 100
        assert 1 <= float(y) <= 27


@pytest.mark.parametrize(
    ("change", "better", "sure", "shown"),
    [
        ("+0.3 pp", "down", True, ("rs-bad", "↑", ", worse")),
        ("-0.3 pp", "down", True, ("rs-ok", "↓", ", better")),
        ("+2.0 %", "up", True, ("rs-ok", "↑", ", better")),
        ("+2.0 %", "up", False, ("rs-muted", "↑", "")),
        ("+2.0 %", "neither", True, ("rs-muted", "↑", "")),
        ("0.0 pp", "down", True, ("rs-muted", "", "")),
    ],
)
def test_a_change_beyond_chance_says_in_a_word_whether_it_is_good_news(
    change: str, better: str, sure: bool, shown: tuple[str, str, str]
) -> None:
    def page(change: str, better: str, sure: bool) -> None:
        from app.dashboard import cards

        cards.kpi("Failure rate", "1 %", key="a", change=change, line=[], note="", help="", better=better, sure=sure)  # type: ignore[arg-type]

    app = AppTest.from_function(page, kwargs={"change": change, "better": better, "sure": sure}).run()
    tone, mark, verdict = shown
    told = html_of(app)
    assert f'class="rs-change {tone}"' in told
    assert [one for one in "↑↓" if one in told] == ([mark] if mark else [])
    assert f"Failure rate: 1 %, {change}{verdict} against the period before" in told
    assert [word for word in ("better", "worse") if told.count(f", {word}") == 2] == [verdict[2:]] * bool(verdict)


def test_the_banner_counts_what_is_simulated_and_is_silent_without() -> None:
    def page() -> None:
        from app.dashboard import cards

        cards.simulated_banner(0, 5)
        cards.simulated_banner(2, 5)
        cards.simulated_banner(5, 5)

    said = html_of(drawn(page))
    assert said.count("Simulated:") == 2
    assert "2 of the 5 requests shown are demo traffic" in said
    assert "All of what is shown is demo traffic" in said


def test_an_error_of_the_store_becomes_a_card_and_what_follows_is_drawn() -> None:
    def page() -> None:
        from app.dashboard import cards, components
        from telemetry.errors import StorageError

        with cards.errors_shown("part"):
            raise StorageError("the database is locked")
        components.untrusted("the rest")

    app = drawn(page)
    assert "the database is locked" in html_of(app)
    assert "the rest" in html_of(app)
    assert [button.label for button in app.button] == ["Try again"]


def test_a_card_whose_question_fails_says_so_itself_and_the_next_is_drawn() -> None:
    def page() -> None:
        from app.dashboard import cards, components
        from telemetry.errors import StorageError

        with cards.card("First", "", key="first"):
            raise StorageError("the database is locked")
        with cards.card("Second", "", key="second"):
            components.untrusted("the rest")

    app = drawn(page)
    assert html_of(app).index("First") < html_of(app).index("the database is locked") < html_of(app).index("Second")
    assert "the rest" in html_of(app)
    assert [button.label for button in app.button] == ["Try again"]


def test_a_fault_that_is_not_the_stores_is_not_swallowed() -> None:
    def page() -> None:
        from app.dashboard import cards

        with cards.card("First", "", key="first"):
            raise KeyError("ours")

    assert AppTest.from_function(page).run().exception


def test_a_card_escapes_what_it_is_called_and_what_defines_it() -> None:
    def page() -> None:
        from app.dashboard import cards
        from tests.unit.app.dashboard.test_cards import HOSTILE

        cards.figure(HOSTILE, HOSTILE, HOSTILE, key="figure", help=HOSTILE)
        cards.error_card(HOSTILE, key="error")
        cards.empty(HOSTILE, HOSTILE)
        with cards.card(HOSTILE, HOSTILE, key="card", help=HOSTILE):
            pass

    said = html_of(drawn(page))
    assert "<b onclick" not in said
    assert "\u202e" not in said
    assert said.count("&lt;b onclick=alert(1)&gt;") >= 10


def test_a_number_without_a_course_has_no_empty_line() -> None:
    def page() -> None:
        from app.dashboard import cards

        cards.kpi("Requests", "3", key="r", change=None, line=[None], note="", help="")

    assert "<img" not in html_of(drawn(page))


def test_a_number_leads_to_what_it_is_made_of() -> None:
    def page() -> None:
        import streamlit as st

        from app.dashboard import cards

        cards.kpi("Requests", "3", key="r", change=None, line=[], note="", help="", more=lambda: st.write("all three"))

    assert [text.value for text in drawn(page).markdown] == ["all three"]
