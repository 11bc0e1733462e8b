"""What is called the worst stretch is one, and luck alone is not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.panels.latency.worst import CHANCE, FEWEST, LONGEST, Tally, worst_stretch

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@st.composite
def courses(draw: st.DrawFn) -> list[Tally]:
    """Hours with gaps between them, oldest first; some without a call."""
    rows = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 5)), max_size=80))
    at, found = START, []
    for hits, n, gap in rows:
        found.append(Tally(at, min(hits, n), n))
        at += gap * HOUR
    return found


@given(courses())
def test_a_stretch_is_worse_than_the_rest_and_adds_up_with_it(course: list[Tally]) -> None:
    found = worst_stretch(course, HOUR)
    if found is None:
        return
    inside = [step for step in course if found.start <= step.start < found.end]
    assert (found.hits, found.n) == (sum(step.hits for step in inside), sum(step.n for step in inside))
    assert found.hits + found.rest_hits == sum(step.hits for step in course)
    assert found.n + found.rest_n == sum(step.n for step in course)
    assert found.hits >= FEWEST and 0.0 <= found.chance < CHANCE
    assert found.rest_n > 0 and found.hits * found.rest_n > found.rest_hits * found.n
    assert found.end - found.start <= LONGEST * HOUR


@given(st.integers(0, 10**6), st.integers(2, 200), st.integers(1, 50), st.floats(0.0, 1.0))
def test_calls_that_are_all_alike_seldom_have_a_worst_stretch(seed: int, hours: int, n: int, rate: float) -> None:
    rng = random.Random(seed)
    course = [Tally(START + k * HOUR, sum(rng.random() < rate for _ in range(n)), n) for k in range(hours)]
    found = worst_stretch(course, HOUR)
    # By construction at most one in twenty; hypothesis looks for the unlucky, so only what is beyond luck may fail.
    assert found is None or found.chance > 1e-9


@given(st.integers(0, 10**6), st.integers(30, 200), st.integers(0, 29))
def test_four_hours_in_which_half_of_all_calls_fail_are_found(seed: int, hours: int, at: int) -> None:
    rng = random.Random(seed)
    bad = range(at, min(at + 4, hours - 1))
    course = [
        Tally(START + k * HOUR, sum(rng.random() < (0.5 if k in bad else 0.005) for _ in range(20)), 20)
        for k in range(hours)
    ]
    found = worst_stretch(course, HOUR)
    if len(bad) == 4:
        assert found is not None
        assert found.start <= START + (at + 2) * HOUR < found.end


def test_how_often_luck_alone_is_called_a_worst_stretch() -> None:
    rng, called = random.Random(11), 0
    for _ in range(200):
        course = [Tally(START + k * HOUR, sum(rng.random() < 0.03 for _ in range(8)), 8) for k in range(100)]
        called += worst_stretch(course, HOUR) is not None
    assert called <= 10, "one in twenty at most"
