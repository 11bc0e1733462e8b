"""The page of escalations as Streamlit runs it, over a real store."""

from __future__ import annotations

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.evaluation import record
from telemetry.storage.engine import open_engine
from tests.evaluations import judged
from tests.integration.app.test_pages import HOSTILE, home, keep, open_page, routed, text_of
from tests.traces import Attempt, Routed

__all__ = ["home"]


def scored(value: float, validator: str = "v") -> dict[str, str]:
    said = {"validator": validator, "score": value, "threshold": 0.5, "passed": value >= 0.5, "weight": None}
    return {semconv.BRANCH_SCORES: json.dumps([said])}


def escalated(number: int, low: float = 0.3, **more: str) -> Routed:
    attempts = (
        Attempt("small", outcome="rejected", cost_nano=1_000_000, extra=scored(low)),
        Attempt("large", cost_nano=9_000_000, extra=scored(0.9)),
    )
    return routed(number, attempts=attempts, **more)


def answered(number: int, **more: str) -> Routed:
    return routed(number, attempts=(Attempt("small", cost_nano=1_000_000, extra=scored(0.8)),), **more)


def open_escalations(**params: str) -> AppTest:
    return open_page("escalations", **params)


def links(app: AppTest) -> set[str]:
    return {element.proto.query_string for element in app.get("page_link")}


def test_an_empty_store_says_what_to_do(home: Path) -> None:
    assert "Route a prompt of your own" in text_of(open_escalations())


def test_the_rate_comes_with_its_interval_its_number_and_its_decisions(home: Path) -> None:
    keep(home, escalated(1), answered(2), answered(3), answered(4))
    app = open_escalations()
    said = text_of(app)
    assert "Escalation rate: 25.0 %" in said and "n\u00a0=\u00a04" in said
    assert "95\u00a0% interval 4.6\u00a0% to 69.9\u00a0%" in said
    assert any("path=escalated" in link for link in links(app))


def test_a_filter_on_models_means_the_one_that_was_tried_first(home: Path) -> None:
    keep(home, escalated(1), answered(2), routed(3, attempts=(Attempt("large", extra=scored(0.9)),)))
    app = open_escalations()
    chosen = next(box for box in app.multiselect if box.key == "model")
    assert "Escalation rate: 50.0 %" in text_of(chosen.set_value(["small"]).run())
    assert "Escalation rate: 0.0 %" in text_of(chosen.set_value(["large"]).run())


def test_another_threshold_is_recomputed_from_what_is_logged(home: Path) -> None:
    keep(home, escalated(1), answered(2))
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    for answer, good in (("rejected", False), ("given", True)):
        assert record(engine, ContentPolicy("full"), judged(f"{1:032x}", good, answer=answer))
    said = text_of(open_escalations(validator="v", threshold="0.20"))
    assert "helpful judged 1: 0 of 1, 0.0\u00a0%, good" in said
    assert "of what was given in their place 1 of 1, 100.0\u00a0%, good" in said
    assert "0.20 in place of 0.50" in said
    assert "1 answer that had been rejected would have been given" in said
    assert "$0.002<" in said and "-$0.009" in said


def test_moving_the_slider_is_in_the_address(home: Path) -> None:
    keep(home, escalated(1), answered(2))
    app = open_escalations()
    (slider,) = app.slider
    assert slider.value == 0.5
    slider.set_value(0.2).run()
    assert app.query_params["threshold"] == "0.20"
    assert "0.20 in place of 0.50" in text_of(app)


def test_another_validator_begins_at_its_own_threshold(home: Path) -> None:
    tool = Attempt("handbook", "tool", cost_nano=0, extra=scored(0.9, "sure"))
    keep(home, escalated(1), routed(2, attempts=(tool,)))
    app = open_escalations(validator="v", threshold="0.2")
    next(box for box in app.selectbox if box.key == "validator").select("sure").run()
    assert app.query_params["validator"] == "sure" and "threshold" not in app.query_params
    assert "0.50, as in force" in text_of(app)


def test_answers_without_scores_say_what_is_missing(home: Path) -> None:
    keep(home, routed(1, attempts=(Attempt("small", extra={semconv.BRANCH_SCORES: "[]"}),)))
    said = text_of(open_escalations())
    assert "No answer was scored" in said and "No answer among them was scored" in said


def test_names_of_validators_are_text(home: Path) -> None:
    attempts = (
        Attempt(HOSTILE, outcome="rejected", extra=scored(0.1, HOSTILE)),
        Attempt("large", extra=scored(0.9, HOSTILE)),
    )
    keep(home, routed(1, attempts=attempts, intent=HOSTILE))
    app = open_escalations()
    said = text_of(app)
    assert "<script" not in said and "\u202e" not in said and "\x1b" not in said
    assert not [one.value for one in app.markdown if "alert(1)" in one.value]
    assert "&lt;script&gt;" in said
