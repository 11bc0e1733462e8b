from __future__ import annotations

from dataclasses import replace

from telemetry.query.aftermath import aftermaths, rejected_by
from telemetry.query.chains import Answer, Chain, Score
from tests.traces import START

LOW, HIGH = Score("v", 0.2, 0.5, False, False), Score("v", 0.9, 0.5, True, False)
REJECTED = Answer("model", "small", False, (LOW,), 10, True)
GIVEN = Answer("model", "large", True, (HIGH,), 100, False)


def chain(*answers: Answer, number: int = 0, tail: int | None = 0) -> Chain:
    return Chain(f"d{number}", START, "chat", "code", True, answers, tail, "[]")


def test_an_answer_that_passed_the_same_check_is_told_from_one_that_never_met_it():
    (found,) = aftermaths(
        [
            chain(REJECTED, GIVEN, number=3),
            chain(REJECTED, GIVEN, number=2),
            chain(REJECTED, replace(GIVEN, scores=()), number=1),
            chain(REJECTED, replace(GIVEN, scores=(LOW,)), number=0),
        ]
    )
    assert {name: share.part for name, share in found.endings.items()} == {
        "passed": 2,
        "unheard": 1,
        "low": 1,
        "none": 0,
    }
    assert (found.model, found.escalations, found.endings["passed"].share) == ("small", 4, 0.5)
    assert found.newest == {"passed": "d3", "unheard": "d1", "low": "d0"}


def test_without_a_further_answer_nothing_came_of_it():
    (found,) = aftermaths([chain(replace(REJECTED, given=True), tail=7)])
    assert (found.endings["none"].part, found.rejected_nano, found.further_nano) == (1, 0, 7)


def test_what_it_cost_is_told_apart_from_what_was_rejected():
    (found,) = aftermaths([chain(REJECTED, GIVEN), chain(REJECTED, GIVEN)])
    assert (found.rejected_nano, found.further_nano) == (20, 200)
    (unknown,) = aftermaths([chain(REJECTED, replace(GIVEN, cost_nano=None))])
    assert (unknown.rejected_nano, unknown.further_nano) == (10, None)


def test_a_tools_doubt_is_no_escalation():
    tool = Answer("tool", "handbook", False, (LOW,), 0, True)
    assert aftermaths([replace(chain(tool, GIVEN), escalated=False)]) == []
    (found,) = aftermaths([chain(tool, REJECTED, GIVEN)])
    assert found.model == "small"


def test_each_validator_leads_to_the_newest_answer_that_it_rejected():
    tool = Answer("tool", "handbook", False, (LOW,), 0, True)
    kept = replace(REJECTED, given=True, followed=False)
    found = rejected_by([chain(tool, GIVEN, number=2), chain(REJECTED, GIVEN, number=1), chain(kept, number=3)])
    assert found == {("v", "handbook"): "d2", ("v", "small"): "d1"}
