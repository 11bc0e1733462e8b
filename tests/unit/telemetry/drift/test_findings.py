from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.findings import Finding, benjamini_hochberg, judge
from telemetry.drift.pair import MIN_CURRENT, Pair
from telemetry.drift.weeks import WEEK, start_of
from telemetry.drift.windows import Window
from telemetry.query.proportion import Proportion
from tests.drifting import FIRST, Habits, pair, week

NULL_WEEKS = 25
"""Each of four models; 500 of them are the benchmark's."""


def found(one: Pair) -> dict[str, Finding]:
    return {finding.metric.name: finding for finding in judge(one.measure())}


def drifted(one: Pair) -> dict[str, str | None]:
    return {name: finding.cause for name, finding in found(one).items() if finding.state == "drift"}


def test_slower_answers_are_the_models_doing_and_nothing_else_moved():
    assert drifted(pair(1, 600, Habits(slower=1.5))) == {"latency_ms": "model", "ttft_ms": "model"}


def test_answers_shorter_on_the_same_prompts_are_the_models_doing():
    moved = drifted(pair(2, 800, Habits(shorter=0.7)))
    assert (
        {"output_tokens", "answer_characters"}
        <= set(moved)
        <= {*("output_tokens", "answer_characters", "cost", "latency_ms")}
    )
    assert set(moved.values()) == {"model"}


def test_refusals_from_one_to_five_in_a_hundred_are_found():
    moved = drifted(pair(3, 1_500, Habits(refuses=0.05)))
    assert moved["refused"] == "model"
    assert set(moved) <= {"refused", "escalated", "score", "validator:complete"}


def test_a_dearer_token_is_named_as_the_price():
    assert drifted(pair(4, 600, Habits(price=900))) == {"cost": "price"}


def test_another_mix_of_intents_is_named_as_input_in_everything_that_it_moves():
    moved = drifted(pair(5, 800, Habits(asked=(0.1, 0.5, 0.3, 0.1))))
    assert {"intent", "prompt_characters", "output_tokens"} <= set(moved)
    assert set(moved.values()) == {"input"}


def test_a_new_version_of_a_model_is_found_by_its_name():
    assert drifted(pair(6, 400, Habits(version="v2"))) == {"version": "model"}


def test_a_change_that_other_prompts_hide_is_found_between_equal_prompts():
    one = pair(7, 2_000, Habits(asked=(0.22, 0.42, 0.25, 0.11), shorter=0.72))
    tokens = found(one)["output_tokens"]
    assert tokens.like is not None and tokens.like.effect > 0.3 > 0.2
    assert tokens.state == "drift" and tokens.cause in ("model", "mixed")
    assert tokens.like_share is not None and tokens.like_share > 0.95


def test_a_significant_change_too_small_to_matter_is_no_drift():
    latency = found(pair(8, 5_000, Habits(slower=1.06)))["latency_ms"]
    assert latency.q is not None and latency.q < 0.001
    assert latency.state == "ok" and latency.ratio < 1


def test_weeks_without_a_change_do_not_alarm():
    alarms = 0
    for number in range(NULL_WEEKS):
        measured = [finding for model in range(4) for finding in pair(1_000 * model + number, 150).measure()]
        alarms += any(finding.state == "drift" for finding in judge(measured))
    # Two in a hundred are promised: what was seen must leave that possible (Wilson's interval).
    assert (Proportion.of(alarms, NULL_WEEKS).low or 0.0) <= 0.02


def test_too_few_values_are_no_answer():
    one = pair(9, 400)
    few, none = np.arange(400) < MIN_CURRENT - 1, np.zeros(400, dtype=bool)
    for reference, current in (
        (one.reference, one.current.take(few)),
        (one.current.take(few), one.current),
        (one.current.take(none), one.current),
        (one.reference, one.current.take(none)),
        (Window.of([]), one.current),
    ):
        findings = judge(replace(one, reference=reference, current=current).measure())
        assert {finding.state for finding in findings} == {"not_enough_data"}
        assert all(finding.q is None and finding.ratio == 0 for finding in findings)


def test_missing_numbers_do_not_count():
    one = pair(10, 300)
    one.current.numbers["latency_ms"][:] = np.nan
    one.current.numbers["ttft_ms"][:100] = np.nan
    by_name = found(one)
    assert by_name["latency_ms"].state == "not_enough_data"
    assert (by_name["ttft_ms"].state, by_name["ttft_ms"].n <= 200) == ("ok", True)


def test_a_constant_column_that_moves_is_found_and_one_that_stays_is_not():
    one = pair(11, 300)
    for window, score in ((one.reference, 1.0), (one.current, 0.5)):
        window.numbers["score"] = np.full(window.rows, score)
        window.numbers["ttft_ms"] = np.full(window.rows, 12.0)
    by_name = found(one)
    assert (by_name["score"].state, by_name["ttft_ms"].state) == ("drift", "ok")


def test_prompts_without_their_like_leave_the_cause_open():
    one = pair(12, 400, Habits(slower=1.6))
    one.current.strata[:] = one.current.strata + 10_000_000
    latency = found(one)["latency_ms"]
    assert (latency.state, latency.like, latency.like_share, latency.cause) == ("drift", None, 0.0, "unclear")


def test_a_finding_names_its_moment_its_shapes_and_decisions_that_show_it():
    one = pair(13, 800, Habits(slower=1.5))
    latency = found(one)["latency_ms"]
    told = one.explain(latency, Window.of([one.reference, one.current]))
    assert told.before is not None and told.after is not None and 1.3 < told.after / told.before < 1.7
    assert told.change is not None
    assert told.change.low <= start_of(one.week).timestamp() <= told.change.high
    assert 0 < len(told.examples) <= 5 and set(told.examples) <= set(one.current.decisions)
    assert told.reference.edges == told.current.edges and told.current.shares


def test_a_share_that_grew_is_shown_by_decisions_that_are_in_it():
    one = pair(14, 1_500, Habits(refuses=0.06))
    told = one.explain(found(one)["refused"], Window.of([one.reference, one.current]))
    assert told.category == "refused" and told.after is not None and told.after > 0.04
    refused = one.current.codes["refused"] == one.vocabulary.labels["refused"].index("refused")
    assert told.examples and set(told.examples) <= set(one.current.decisions[refused])


def test_a_change_in_the_middle_of_a_week_is_dated_there():
    one = pair(15, 800)
    thursday = start_of(one.week).timestamp() + 3 * 86_400
    later = one.current.at >= thursday
    one.current.numbers["latency_ms"][later] *= 2
    told = one.explain(found(one)["latency_ms"], Window.of([one.reference, one.current]))
    assert told.change is not None
    assert told.change.low <= thursday <= told.change.high
    assert told.change.high - told.change.low < 2 * 86_400


def test_the_adjustment_of_a_textbook_example():
    adjusted = benjamini_hochberg([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert benjamini_hochberg([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusting_keeps_the_order_and_never_makes_anything_more_certain(p_values: list[float]):
    adjusted = benjamini_hochberg(p_values)
    assert all(p <= q + 1e-12 and q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert all(a <= b + 1e-12 for a, b in zip(np.array(adjusted)[order], np.array(adjusted)[order][1:], strict=False))


def test_a_week_is_the_same_for_the_same_seed():
    one, other = pair(16, 60), pair(16, 60)
    assert np.array_equal(one.current.numbers["latency_ms"], other.current.numbers["latency_ms"], equal_nan=True)
    assert one.week == FIRST + WEEK * 4
    assert week(np.random.default_rng(1), 5, one.vocabulary).rows == 5
