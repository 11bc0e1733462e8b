"""What is picked follows from the decisions alone, and only what chance picked stands for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.evaluation_sample import Candidate, SamplePlan, ShadowPlan, picks, place_of
from telemetry.query.proportion import Proportion

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
PLAN = SamplePlan("chat", ("good",), 0.1, escalated=False, low_score=None, at_least=0, per_day=9, nano_per_day=9)


def candidate(number: int, **fields: object) -> Candidate:
    one = Candidate(
        f"d{number}",
        f"t{number}",
        MONDAY + timedelta(seconds=number),
        "chat",
        "acme",
        "code",
        "small",
        False,
        0.9,
        "large",
    )
    return replace(one, **fields)  # type: ignore[arg-type]


def test_the_sample_is_drawn_at_its_rate_and_the_same_each_time():
    some = [candidate(number) for number in range(20_000)]
    first = [pick.candidate.decision_id for pick in picks(PLAN, some, Counter())]
    assert first == [pick.candidate.decision_id for pick in picks(PLAN, some, Counter())]
    share = Proportion.of(len(first), len(some))
    assert share.low is not None and share.high is not None and share.low < 0.1 < share.high


@given(st.text())
def test_a_place_lies_between_0_and_1(text: str):
    assert 0 <= place_of(text) < 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_holds_the_smaller_one(one: float, other: float):
    low, high = sorted((one, other))
    some = [candidate(number) for number in range(200)]
    drawn = [{p.candidate.decision_id for p in picks(replace(PLAN, rate=r), some, Counter())} for r in (low, high)]
    assert drawn[0] <= drawn[1]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"escalated": True}, "escalated"), ({"score": 0.2}, "low score"), ({"score": None}, None), ({}, None)],
    ids=["escalated", "low score", "unscored", "neither"],
)
def test_some_are_judged_whatever_the_chance_and_are_no_sample(fields: dict[str, object], reason: str | None):
    plan = replace(PLAN, rate=0.0, escalated=True, low_score=0.6)
    found = list(picks(plan, [candidate(1, **fields)], Counter()))
    assert [pick.picked_for for pick in found if pick.answer == "given"] == ([] if reason is None else [reason])
    assert not any(pick.sampled for pick in found)


def test_of_an_escalated_decision_the_first_answer_is_judged_too_by_everybody():
    plan = replace(PLAN, rate=1.0, evaluators=("good", "form"))
    found = list(picks(plan, [candidate(1, escalated=True)], Counter()))
    assert [(pick.name, pick.answer) for pick in found] == [
        ("good", "given"),
        ("good", "rejected"),
        ("form", "given"),
        ("form", "rejected"),
    ]
    assert len({pick.task_id for pick in found}) == 4


def test_no_intent_and_model_of_a_day_is_overlooked():
    plan = replace(PLAN, rate=0.0, at_least=2)
    kinds = [("code", "small"), ("math", "small"), ("code", "large")]
    some = [candidate(number, intent=kinds[number % 3][0], chosen=kinds[number % 3][1]) for number in range(30)]
    some += [candidate(99, ts=MONDAY + timedelta(days=1))]
    found = Counter(
        (p.candidate.ts.date(), p.candidate.intent, p.candidate.chosen) for p in picks(plan, some, Counter())
    )
    assert sorted(found.values()) == [1, 2, 2, 2]


def test_what_was_picked_before_counts_towards_a_stratum():
    had = Counter({(MONDAY.date(), "chat", "code", "small"): 2})
    assert list(picks(replace(PLAN, rate=0.0, at_least=2), [candidate(1)], had)) == []


def test_shadow_calls_are_a_part_of_the_sample_and_go_to_the_baseline():
    plan = replace(PLAN, rate=0.5, shadow=ShadowPlan(None, 0.9, 9, 9))
    found = list(picks(plan, [candidate(number) for number in range(300)], Counter()))
    judged = {pick.candidate.decision_id for pick in found if pick.kind == "judge"}
    shadowed = {pick.candidate.decision_id: pick.name for pick in found if pick.kind == "shadow"}
    assert set(shadowed) == judged
    assert set(shadowed.values()) == {"large"}


@pytest.mark.parametrize("baseline", ["small", None], ids=["who answered", "nobody"])
def test_nobody_is_asked_again_what_he_has_answered(baseline: str | None):
    plan = replace(PLAN, rate=1.0, shadow=ShadowPlan(None, 1.0, 9, 9))
    found = list(picks(plan, [candidate(1, baseline_model=baseline)], Counter()))
    assert [pick.kind for pick in found] == ["judge"]
