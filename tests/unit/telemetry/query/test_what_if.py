from __future__ import annotations

import json
from dataclasses import replace

import pytest

from telemetry.query.chains import Answer, Chain, Score
from telemetry.query.what_if import FEWEST, WhatIf, what_ifs
from tests.traces import START

PLAN = json.dumps(
    [{"model": name, "score": rank, "excluded_by": None} for name, rank in (("small", 1.0), ("large", 0.5))]
)


def score(value: float | None, threshold: float = 0.5, validator: str = "v", *, weighed: bool = False) -> Score:
    return Score(validator, value, threshold, value is None or value >= threshold, weighed)


def answer(model: str, *scores: Score, cost: int | None = 10, kind: str = "model", **more: bool) -> Answer:
    return Answer(kind, model, more.get("given", True), scores, cost, more.get("followed", False))


def chain(*answers: Answer, tail: int | None = 0, number: int = 0) -> Chain:
    escalated = any(one.followed for one in answers)
    return Chain(f"d{number}", START, "chat", "code", escalated, answers, tail, PLAN)


def accepted(value: float | None, cost: int | None = 10) -> Chain:
    return chain(answer("small", score(value), cost=cost))


def escalated(value: float, second: float = 0.9, further: int = 100) -> Chain:
    return chain(
        answer("small", score(value), given=False, followed=True), answer("large", score(second), cost=further)
    )


def only(*chains: Chain) -> WhatIf:
    (found,) = what_ifs(chains)
    return found


def test_a_lower_threshold_gives_what_was_rejected_and_saves_what_came_after():
    found = only(escalated(0.3), accepted(0.8))
    then = found.points[30]
    assert (found.now.escalated.part, found.now.cost_nano) == (1, 120)
    assert (then.escalated.part, then.kept, then.sent_on, then.cost_nano) == (0, 1, 0, 20)
    assert (then.low_nano, then.high_nano) == (20, 20)
    assert replace(found.points[31], threshold=0.5) == found.points[50]


def test_a_higher_threshold_asks_the_next_model_at_the_cost_it_is_seen_to_have():
    seen = [escalated(0.1, further=further) for further in (80, 90, 100, 110, 120)]
    found = only(*seen, accepted(0.7))
    then = found.points[71]
    assert (then.escalated.part, then.sent_on, then.unpriced) == (6, 1, 0)
    assert found.now.cost_nano is not None and then.cost_nano == found.now.cost_nano + 100
    # One more of a mean of five with a variance of 250: 1.96 x sqrt(250 + 250 / 5).
    assert then.high_nano == then.cost_nano + round(1.96 * 300**0.5)
    assert found.points[70].cost_nano == found.now.cost_nano


def test_a_model_that_was_asked_too_seldom_has_no_cost_to_estimate_from():
    found = only(*(escalated(0.1) for _ in range(FEWEST - 1)), accepted(0.7))
    then = found.points[80]
    assert (then.sent_on, then.unpriced, then.cost_nano) == (1, 1, found.now.cost_nano)


def test_with_nobody_left_to_ask_a_low_answer_is_given_all_the_same():
    found = only(chain(answer("large", score(0.7))))
    then = found.points[80]
    assert (then.escalated.part, then.stuck, then.sent_on) == (0, 1, 0)


def test_other_validators_keep_their_say():
    both = chain(
        answer("small", score(0.3), score(0.1, validator="w"), given=False, followed=True),
        answer("large", score(0.9), score(0.9, validator="w")),
    )
    found = {one.validator: one for one in what_ifs([both])}
    assert found["v"].points[0].escalated.part == 1
    assert found["w"].points[0].escalated.part == 1


def test_answers_that_a_later_validator_has_not_seen_are_told():
    unheard = escalated(0.3)
    heard = chain(answer("small", score(0.8), score(0.8, validator="late")))
    found = next(one for one in what_ifs([unheard, heard]) if one.validator == "v")
    assert (found.points[20].kept, found.points[20].unheard) == (1, 1)


def test_what_thresholds_do_not_explain_is_left_out():
    weighed = chain(answer("small", score(0.3, weighed=True), given=False, followed=True), answer("large"))
    vote = chain(answer("small", score(0.9), given=False, followed=True), answer("large", score(0.9)))
    found = only(weighed, vote, accepted(0.8))
    assert (found.n, found.left_out) == (1, 2)


def test_an_unknown_cost_is_out_of_the_sum_and_in_the_rate():
    found = only(accepted(0.8, cost=None), accepted(0.8))
    assert (found.n, found.costed, found.now.cost_nano) == (2, 1, 10)
    nothing = only(accepted(0.8, cost=None))
    assert (nothing.costed, nothing.now.cost_nano, nothing.points[0].low_nano) == (0, None, None)


def test_a_score_that_was_not_given_stays_as_it_was_judged():
    found = only(accepted(None), escalated(0.3))
    assert found.points[100].sent_on == 0


def test_for_a_tool_what_follows_is_what_followed_its_doubts():
    doubts = [
        chain(
            answer("handbook", score(0.2), kind="tool", cost=0, given=False, followed=True),
            answer("small", cost=cost),
        )
        for cost in (8, 9, 10, 11, 12)
    ]
    sure = chain(answer("handbook", score(0.9), kind="tool", cost=0))
    found = only(*doubts, sure)
    assert found.kind == "tool"
    assert (found.now.escalated.part, found.points[0].kept, found.points[0].cost_nano) == (5, 5, 0)
    then = found.points[95]
    assert (then.escalated.part, then.sent_on, then.cost_nano) == (6, 1, 60)


def test_a_failure_after_a_low_answer_is_saved_as_well():
    found = only(chain(answer("small", score(0.3), followed=True), tail=7))
    assert (found.now.escalated.part, found.now.cost_nano) == (1, 17)
    assert (found.points[30].escalated.part, found.points[30].cost_nano) == (0, 10)


def test_those_that_rejected_most_come_first():
    def rejected_by(name: str) -> Chain:
        low = score(0.1, validator=name)
        return chain(answer("small", low, given=False, followed=True), answer("large", score(0.9, validator=name)))

    assert [one.validator for one in what_ifs([rejected_by("a"), rejected_by("b"), rejected_by("b")])] == ["b", "a"]


@pytest.mark.parametrize("value", [0.29, 0.57, 0.58, 0.07])
def test_a_score_passes_at_its_own_hundredth(value: float):
    found = only(escalated(value) if value < 0.5 else accepted(value))
    at = round(value * 100)
    assert found.points[at].escalated.part == 0
    assert found.points[at + 1].escalated.part == 1
