"""Which complete answer is the final one."""

from __future__ import annotations

import pytest

from router_core.aggregate import Aggregator, Finished, choose

LOW, HIGH = Finished(0, 0.2, False), Finished(1, 0.4, False)


@pytest.mark.parametrize("aggregator", ["first_accepted", "best_score"])
def test_of_nothing_nothing_is_chosen(aggregator: Aggregator) -> None:
    assert choose(aggregator, []) is None


@pytest.mark.parametrize("aggregator", ["first_accepted", "best_score"])
def test_an_accepted_answer_always_wins(aggregator: Aggregator) -> None:
    accepted = Finished(0, 0.1, True)
    assert choose(aggregator, [accepted, Finished(1, 0.9, False)]) is accepted


def test_with_none_accepted_the_last_or_the_best_is_given() -> None:
    assert choose("first_accepted", [HIGH, LOW]) is LOW
    assert choose("best_score", [HIGH, LOW]) is HIGH


def test_of_equals_the_later_wins() -> None:
    later = Finished(5, 0.4, False)
    assert choose("best_score", [HIGH, later]) is later


def test_an_answer_that_nobody_scored_has_nothing_against_it() -> None:
    assert choose("best_score", [Finished(0, 0.9, True), unscored := Finished(1, None, True)]) is unscored


def test_an_answer_that_could_not_be_scored_and_therefore_does_not_pass_is_not_the_best():
    unknown, known = Finished(0, None, False), Finished(1, 0.2, False)
    assert choose("best_score", [unknown, known]) == known
