"""Which of a model's deployments is called."""

from __future__ import annotations

import random
from collections import Counter

from router_core.resilience.breaker import ALLOWED, Permission
from router_core.resilience.deployments import Candidate, Choice, choose

OPEN = Permission(False, "its breaker is open for another 12 s", 12.0)
EAST, WEST = Candidate("east", 3.0, ALLOWED), Candidate("west", 1.0, ALLOWED)


def test_weights_are_kept_in_the_long_run() -> None:
    rng = random.Random(1)
    counts = Counter(choose([EAST, WEST], (), rng).deployment for _ in range(10_000))
    assert 0.73 < counts["east"] / 10_000 < 0.77


def test_equal_seeds_choose_alike() -> None:
    first, second = ([choose([EAST, WEST], (), rng) for _ in range(50)] for rng in (random.Random(2), random.Random(2)))
    assert first == second


def test_an_open_one_is_skipped_and_the_choice_says_so() -> None:
    choice = choose([Candidate("east", 3.0, OPEN), WEST], (), random.Random(1))
    assert choice == Choice("west", "east: its breaker is open for another 12 s")


def test_an_ejected_one_is_skipped_while_another_is_left() -> None:
    ejected = Candidate("east", 3.0, ALLOWED, "it is ejected: 9 of its 20 recent calls failed, of its peers' 0%")
    choice = choose([ejected, WEST], (), random.Random(1))
    assert choice == Choice("west", f"east: {ejected.ejected}")
    assert choose([ejected, Candidate("west", 1.0, OPEN)], (), random.Random(1)).deployment == "east"


def test_the_one_that_just_failed_is_not_asked_again_while_another_is_left() -> None:
    rng = random.Random(1)
    assert {choose([EAST, WEST], ["east"], rng).deployment for _ in range(100)} == {"west"}
    assert choose([EAST, WEST], ["east"], rng).reason == "east: it failed in this request"


def test_the_one_that_just_failed_is_asked_again_when_it_is_the_last() -> None:
    assert choose([EAST, Candidate("west", 1.0, OPEN)], ["east"], random.Random(1)).deployment == "east"


def test_an_ejected_one_comes_before_the_one_that_just_failed() -> None:
    ejected = Candidate("west", 1.0, ALLOWED, "it is ejected: slow")
    assert choose([EAST, ejected], ["east"], random.Random(1)).deployment == "west"


def test_when_none_may_be_called_every_reason_is_given() -> None:
    choice = choose([Candidate("east", 3.0, OPEN), Candidate("west", 1.0, OPEN)], (), random.Random(1))
    assert choice.deployment is None
    assert choice.reason == ("east: its breaker is open for another 12 s; west: its breaker is open for another 12 s")


def test_an_only_deployment_needs_no_name_in_the_reason() -> None:
    assert choose([Candidate("only", 1.0, OPEN)], (), random.Random(1)) == Choice(None, OPEN.reason)
