"""The parts that pages are built of: hostile text stays text, unknown stays unknown, errors become cards."""

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


def test_nothing_that_is_drawn_takes_a_text_for_markup() -> None:
    def page() -> None:
        from app.dashboard import components
        from app.dashboard.components import Cell
        from tests.unit.app.dashboard.test_components import HOSTILE

        components.page_header(HOSTILE, HOSTILE)
        components.chips({HOSTILE: HOSTILE})
        components.table((HOSTILE,) * 2, [(HOSTILE, Cell(HOSTILE, tone="bad", swatch=HOSTILE))], notes=[HOSTILE])
        components.definition_list([(HOSTILE, HOSTILE)])
        components.notice(HOSTILE)
        components.paragraphs([HOSTILE])
        components.untrusted(HOSTILE)
        components.said(HOSTILE, HOSTILE)
        components.empty(HOSTILE, HOSTILE)
        components.figure(HOSTILE, HOSTILE, HOSTILE, key="figure")
        components.error_card(HOSTILE, key="error")

    said = html_of(drawn(page))
    assert "<b onclick" not in said
    assert "\u202e" not in said
    assert said.count("&lt;b onclick=alert(1)&gt;") >= 16


def test_a_command_in_a_notice_is_set_apart_and_still_escaped() -> None:
    def page() -> None:
        from app.dashboard import components

        components.notice("Remove it with `routescope demo --clear`, not `<script>`.")

    said = html_of(drawn(page))
    assert "with <code>routescope demo --clear</code>," in said
    assert "<script" not in said


def test_a_number_stays_on_one_line_with_its_unit() -> None:
    def page() -> None:
        from app.dashboard import components

        components.paragraphs(["It took 2.06 s, 9 % more than 40 ms; n = 12 of 3 small models."])

    said = html_of(drawn(page))
    assert "2.06\u00a0s, 9\u00a0% more than 40\u00a0ms; n\u00a0=\u00a012 of 3 small models." in said


def test_a_note_stands_below_its_row_and_an_empty_one_nowhere() -> None:
    def page() -> None:
        from app.dashboard import components

        components.table(("#", "Model", "Cost"), [(1, "a", "$1"), (2, "b", "$2")], numbers=(2,), notes=["why a", None])

    said = html_of(drawn(page))
    assert said.count("<tr") == 4
    assert '<tr class="rs-note"><td></td><td colspan="2">why a</td></tr><tr><td class="">2</td>' in said
    assert '<td class="n">$1</td>' in said


def test_a_sparkline_breaks_where_a_number_is_unknown() -> None:
    def page() -> None:
        from app.dashboard import components

        for key, line in (("some", [1.0, None, 3.0]), ("none", [None, None])):
            components.kpi(key, "3", key=key, change=None, line=line, note="", help="")

    some, none = drawn(page).metric
    one, gap, three = some.proto.chart_data
    assert (one, three) == (1.0, 3.0)
    assert math.isnan(gap)
    assert list(none.proto.chart_data) == []


def test_a_change_says_against_what_and_whether_it_is_good_news() -> None:
    def page() -> None:
        from app.dashboard import components

        components.kpi("Failure rate", "1 %", key="a", change="+0.3 pp", line=[], note="", help="", better="down")
        components.kpi("Requests", "10", key="b", change=None, line=[], note="", help="")

    worse, without = drawn(page).metric
    assert (worse.delta, worse.proto.delta_description) == ("+0.3 pp", "vs before")
    assert worse.color == MetricProto.MetricColor.RED
    assert (without.delta, without.proto.delta_description) == ("", "")


def test_the_banner_counts_what_is_simulated_and_is_silent_without() -> None:
    def page() -> None:
        from app.dashboard import components

        components.simulated_banner(0, 5)
        components.simulated_banner(2, 5)
        components.simulated_banner(5, 5)

    said = html_of(drawn(page))
    assert said.count("Simulated:") == 2
    assert "2 of the 5 requests shown are demo traffic" in said
    assert "All of what is shown is demo traffic" in said


def test_an_error_of_the_store_becomes_a_card_and_what_follows_is_drawn() -> None:
    def page() -> None:
        from app.dashboard import components
        from telemetry.errors import StorageError

        with components.errors_shown("part"):
            raise StorageError("the database is locked")
        components.untrusted("the rest")

    app = drawn(page)
    assert "the database is locked" in html_of(app)
    assert "the rest" in html_of(app)
    assert [button.label for button in app.button] == ["Try again"]


def test_every_outcome_of_a_branch_and_every_verdict_that_changes_something_has_a_tone() -> None:
    from typing import get_args

    from app.dashboard.components import OUTCOME_TONE
    from router_core.result import Outcome, VerdictOutcome

    toned = {*get_args(Outcome), *get_args(VerdictOutcome)} - {"unscored", "planned"}
    assert toned <= set(OUTCOME_TONE)
