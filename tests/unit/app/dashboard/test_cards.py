"""Cards: unknown stays unknown, and an error of the store becomes a sentence in the card that asked."""

from __future__ import annotations

import math

from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest

HOSTILE = "<b onclick=alert(1)>x</b> [y](javascript:alert(1)) \u202e"


def drawn(page: object) -> AppTest:
    app = AppTest.from_function(page).run()  # type: ignore[arg-type]
    assert not app.exception
    return app


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_a_sparkline_breaks_where_a_number_is_unknown() -> None:
    def page() -> None:
        from app.dashboard import cards

        for key, line in (("some", [1.0, None, 3.0]), ("none", [None, None])):
            cards.kpi(key, "3", key=key, change=None, line=line, note="", help="")

    some, none = drawn(page).metric
    one, gap, three = some.proto.chart_data
    assert (one, three) == (1.0, 3.0)
    assert math.isnan(gap)
    assert list(none.proto.chart_data) == []


def test_a_change_says_against_what_and_whether_it_is_good_news() -> None:
    def page() -> None:
        from app.dashboard import cards

        cards.kpi("Failure rate", "1 %", key="a", change="+0.3 pp", line=[], note="", help="", better="down")
        cards.kpi("Requests", "10", key="b", change=None, line=[], note="", help="")

    worse, without = drawn(page).metric
    assert (worse.delta, worse.proto.delta_description) == ("+0.3 pp", "vs before")
    assert worse.color == MetricProto.MetricColor.RED
    assert (without.delta, without.proto.delta_description) == ("", "")


def test_a_change_that_rounds_to_nothing_is_no_news() -> None:
    def page() -> None:
        from app.dashboard import cards

        cards.kpi("Failure rate", "1 %", key="a", change="0.0 pp", line=[], note="", help="", better="down")

    (still,) = drawn(page).metric
    assert still.color == MetricProto.MetricColor.GRAY


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

        cards.figure(HOSTILE, HOSTILE, HOSTILE, key="figure")
        cards.error_card(HOSTILE, key="error")
        cards.empty(HOSTILE, HOSTILE)
        with cards.card(HOSTILE, HOSTILE, key="card", help=HOSTILE):
            pass

    said = html_of(drawn(page))
    assert "<b onclick" not in said
    assert "\u202e" not in said
    assert said.count("&lt;b onclick=alert(1)&gt;") >= 10


def test_a_number_leads_to_what_it_is_made_of() -> None:
    def page() -> None:
        import streamlit as st

        from app.dashboard import cards

        cards.kpi("Requests", "3", key="r", change=None, line=[], note="", help="", more=lambda: st.write("all three"))

    assert [text.value for text in drawn(page).markdown] == ["all three"]
