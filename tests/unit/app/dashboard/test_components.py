"""The parts that cards hold: hostile text stays text."""

from __future__ import annotations

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
        components.table(("#",), [(Cell(HOSTILE, leads_to='/decisions?model=%22">' + HOSTILE),)])
        components.definition_list([(HOSTILE, HOSTILE)])
        components.notice(HOSTILE)
        components.paragraphs([HOSTILE])
        components.untrusted(HOSTILE)
        components.said(HOSTILE, HOSTILE)

    said = html_of(drawn(page))
    assert "<b onclick" not in said
    assert "\u202e" not in said
    assert said.count("&lt;b onclick=alert(1)&gt;") >= 13
    assert '<a class="rs-open rs-figure" href="/decisions?model=%22&quot;&gt;' in said


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


def test_every_outcome_of_a_branch_and_every_verdict_that_changes_something_has_a_tone() -> None:
    from typing import get_args

    from app.dashboard.components import OUTCOME_TONE
    from router_core.result import Outcome, VerdictOutcome

    toned = {*get_args(Outcome), *get_args(VerdictOutcome)} - {"unscored", "planned"}
    assert toned <= set(OUTCOME_TONE)
