"""Validators of installed packages."""

import asyncio
import logging
import threading

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer, Score
from router_core.validators.custom import Custom

REQUEST = RouteRequest.from_prompt("Tell me.")
ANSWER = CompleteAnswer("one two three", "stop", "small")
SECRET = "zanzibar"


def score(function, **settings):
    return Custom("own", 0.5, function, settings).score(ANSWER, (), REQUEST)


@pytest.mark.parametrize(
    ("given", "value"),
    [(True, 1.0), (False, 0.0), (0.25, 0.25), (1, 1.0), ((0.5, "half of it"), 0.5), (Score(0.75, "well"), 0.75)],
)
def test_it_may_give_a_number_a_verdict_a_reason_or_a_score(given, value):
    assert score(lambda answer, request: given).value == value


def test_its_reason_becomes_one_sentence_of_one_line():
    assert score(lambda *_: (0.5, "two\nlines  of it.")).reason == "two lines of it."
    assert len(score(lambda *_: (0.5, "x" * 10_000)).reason) < 400
    assert score(lambda *_: 0.5).reason == "So says validator own."


def test_it_may_say_that_it_does_not_know():
    found = score(lambda *_: Score(None, "no idea", passes_unknown=False))
    assert (found.value, found.passes_unknown) == (None, False)


async def _never(answer, request):
    return 1.0


@pytest.mark.parametrize("given", [None, 2, -0.1, float("nan"), "1", [], (1, 2, 3, 4), (), ("x", "y"), 10**400])
def test_nonsense_scores_nothing(given):
    found = score(lambda answer, request: given)
    assert found.value == 0.0


def test_a_coroutine_is_nonsense_and_leaves_no_warning_behind():
    assert score(_never).value == 0.0


@pytest.mark.parametrize("error", [ValueError, KeyError, SystemExit, RecursionError])
def test_one_that_raises_scores_nothing_and_only_the_errors_type_is_told(error, caplog):
    def fails(answer, request):
        raise error(SECRET)

    with caplog.at_level(logging.ERROR):
        found = score(fails)
    assert (found.value, found.reason) == (0.0, f"Validator own failed ({error.__name__}).")
    assert error.__name__ in caplog.text
    assert SECRET not in caplog.text


@pytest.fixture
def go_on():
    """What a slow one waits for; set at the end, lest its thread outlive the test."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_slow_one_is_left_behind(go_on):
    validator = Custom("own", 0.5, lambda *_: go_on.wait(60), {}, timeout_s=0.1)
    found = await validator.score_aside(ANSWER, REQUEST, seconds=60)
    assert (found.value, found.reason) == (0.0, "Validator own did not answer within 0.1 s.")


async def test_the_loop_goes_on_while_one_is_slow(go_on):
    def slow(answer, request):
        # Only a loop that goes on can let it go on.
        return 1.0 if go_on.wait(60) else 0.0

    scoring = asyncio.create_task(Custom("own", 0.5, slow, {}, timeout_s=90).score_aside(ANSWER, REQUEST, seconds=90))
    for _ in range(3):
        await asyncio.sleep(0)
    go_on.set()
    assert (await scoring).value == 1.0


async def test_it_gets_no_more_time_than_the_request_has_left(go_on):
    validator = Custom("own", 0.5, lambda *_: go_on.wait(60), {}, timeout_s=60)
    assert "within 0.05 s" in (await validator.score_aside(ANSWER, REQUEST, seconds=0.05)).reason
