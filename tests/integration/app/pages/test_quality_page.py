"""The page of quality as Streamlit runs it, over a real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from telemetry.content import ContentPolicy
from telemetry.evaluation import Opinion, record
from telemetry.evaluation import keep as say
from telemetry.storage.engine import open_engine
from tests.evaluations import judged, scored
from tests.integration.app.test_pages import HOSTILE, home, keep, open_page, routed, text_of
from tests.rows import names_of
from tests.traces import Attempt

__all__ = ["home"]

ESCALATED = (Attempt("small", outcome="rejected"), Attempt("large"))


def judge(home: Path, number: int, good: bool | None, **fields: Any) -> None:
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    assert record(engine, ContentPolicy("full"), judged(f"{number:032x}", good, **fields))


def open_quality(**params: str) -> AppTest:
    return open_page("quality", **params)


def test_a_store_that_nobody_judged_says_how_to_begin(home: Path) -> None:
    keep(home, routed(1))
    said = text_of(open_quality())
    assert "Nothing has been judged" in said
    assert "[evaluation.evaluators.helpful]" in said and "routescope evaluate run" in said


def test_quality_comes_with_its_interval_its_cost_and_what_people_say(home: Path) -> None:
    keep(home, *(routed(number) for number in range(1, 7)), routed(7, attempts=ESCALATED))
    for number in range(1, 5):
        judge(home, number, number != 1, scores=scored(0.9), cost_nano=2_000_000, stronger=True)
    judge(home, 7, False, answer="rejected", sampled=False)
    judge(home, 7, True, sampled=False)
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    say(engine, ContentPolicy("full"), Opinion(f"{2:032x}", 1.0, "me"))
    say(engine, ContentPolicy("full"), Opinion(f"{1:032x}", -1.0, "me"))
    app = open_quality()
    said = text_of(app)
    assert "Good answers: 75.0 %" in said and "30.1\u00a0% to 95.4\u00a0%; n\u00a0=\u00a04" in said
    assert "Escalations needed: 100.0 %" in said
    assert "Should have escalated: 25.0 %" in said
    assert "Agrees with people: κ 1.00" in said
    assert "Cost of evaluation: $0.008" in said
    waiting = next(names for names in names_of(app) if f"{3:032x}" in names)
    assert f"{2:032x}" not in waiting


def test_another_evaluators_verdicts_can_be_looked_at_by_the_address(home: Path) -> None:
    keep(home, routed(1), routed(2))
    judge(home, 1, True)
    judge(home, 2, True)
    judge(home, 1, False, name="strict")
    assert "Good answers: 100.0 %" in text_of(open_quality())
    assert "Good answers: 0.0 %" in text_of(open_quality(judged="strict"))


def test_simulated_verdicts_are_said_to_be_made_up(home: Path) -> None:
    keep(home, routed(1, simulated=True))
    judge(home, 1, True)
    assert "verdicts on demo traffic are made up" in text_of(open_quality())


def test_hostile_names_are_shown_as_text(home: Path) -> None:
    keep(home, routed(1, route=HOSTILE, intent=HOSTILE))
    judge(home, 1, False, name=HOSTILE, scores=scored(0.9, validator=HOSTILE), criteria=HOSTILE)
    judge(home, 1, None, name="other")
    said = text_of(open_quality())
    assert "<script>" not in said and "\u202e" not in said
