"""Whatever an alert is shown, it keeps its promises."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.alerts.machine import LONGEST_STEP, Evidence, Standing, Step, needed, step

START = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LASTING, CLEARING = 3 * MINUTE, 5 * MINUTE

evidence = st.sampled_from(["breached", "clear", "unsure", "dark"])
looks = st.lists(st.tuples(evidence, st.integers(1, 8), st.booleans()), min_size=1, max_size=80)
"""What is seen, after how many minutes, and whether a silence is in force."""


def course(
    seen: Sequence[tuple[Evidence, int, bool]], lasting: timedelta = LASTING
) -> list[tuple[Evidence, datetime, Step]]:
    now, standing, steps = START, None, []
    for what, minutes, silenced in seen:
        now += minutes * MINUTE
        made = step(standing, what, now, lasting=lasting, clearing=CLEARING, silenced=silenced)
        standing = made.standing
        steps.append((what, now, made))
    return steps


@settings(deadline=None)
@given(looks)
def test_it_fires_only_when_it_was_breached_for_long_enough_with_nothing_else_seen(seen):
    steps = course(seen)
    for place, (_, _, made) in enumerate(steps):
        if made.happened != "fired":
            continue
        breached, number = timedelta(0), place
        while number > 0 and steps[number - 1][0] != "clear" and steps[number - 1][2].standing.state == "pending":
            if steps[number][0] == steps[number - 1][0] == "breached":
                breached += min(steps[number][1] - steps[number - 1][1], LONGEST_STEP)
            number -= 1
        assert breached >= LASTING


@settings(deadline=None)
@given(looks)
def test_what_is_dark_or_doubtful_changes_no_state(seen):
    before = None
    for what, _, made in course(seen):
        if what in ("dark", "unsure") and before is not None:
            assert made.happened is None
            assert (made.standing.state, made.standing.since) == (before.state, before.since)
        before = made.standing


@settings(deadline=None)
@given(looks)
def test_firing_and_resolving_take_turns_and_each_is_told_at_most_once(seen):
    steps = [made for _, _, made in course(seen)]
    happened = [made.happened for made in steps if made.happened]
    assert all(one != other for one, other in pairwise(["resolved", *happened]))
    told = [made.tell for made in steps if made.tell]
    assert all(one != other for one, other in pairwise(["resolved", *told])), "never a second time, never out of turn"
    assert told.count("fired") <= happened.count("fired")


@settings(deadline=None)
@given(looks)
def test_while_a_silence_is_in_force_nobody_is_told(seen):
    for (_, _, silenced), (_, _, made) in zip(seen, course(seen), strict=True):
        assert not (silenced and made.tell)


@settings(deadline=None)
@given(looks)
def test_who_was_not_told_is_told_when_the_silence_ends_and_it_still_fires(seen):
    *_, (_, now, last) = course([(what, minutes, True) for what, minutes, _ in seen])
    after = step(last.standing, "breached", now + MINUTE, lasting=LASTING, clearing=CLEARING)
    if last.standing.state == "firing":
        assert after.tell == "fired" and after.happened is None


@settings(deadline=None)
@given(looks)
def test_the_same_moment_again_changes_nothing(seen):
    *_, (_, now, last) = course(seen)
    for earlier in (now, now - MINUTE):
        for what in ("breached", "clear", "dark"):
            again = step(last.standing, what, earlier, lasting=LASTING, clearing=CLEARING)
            assert again == Step(last.standing)


@settings(deadline=None)
@given(looks)
def test_since_when_it_is_dark_is_known_and_only_then(seen):
    dark = None
    for what, now, made in course(seen):
        dark = (dark or now) if what == "dark" else None
        assert made.standing.dark_since == dark


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.floats(0.01, 0.99))
def test_however_the_values_jump_it_fires_a_dozen_times_a_day_at_most(seed, often):
    dice = random.Random(seed)
    seen = [("breached" if dice.random() < often else "clear", 1, False) for _ in range(1440)]
    steps = course(seen, lasting=timedelta(0))
    assert sum(made.happened == "fired" for _, _, made in steps) <= 12


def test_the_worst_course_that_flaps_as_soon_as_it_may_fires_a_dozen_times_a_day_at_most():
    fired, standing = 0, None
    for number in range(1440):
        what: Evidence = "clear" if standing is not None and standing.state == "firing" else "breached"
        now = START + number * MINUTE
        made = step(standing, what, now, lasting=timedelta(0), clearing=CLEARING)
        standing, fired = made.standing, fired + (made.happened == "fired")
    assert 3 <= fired <= 12


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(1, 600))
def test_damping_never_asks_for_less_than_the_rule_and_grows(flaps, minutes):
    clearing = minutes * MINUTE
    assert clearing <= needed(clearing, flaps) <= needed(clearing, flaps + 1)


@settings(deadline=None)
@given(looks, st.integers(1, 100_000))
def test_after_a_gap_in_which_nobody_looked_a_pending_alert_does_not_fire_at_once(seen, minutes):
    *_, (_, now, last) = course(seen)
    standing = last.standing
    if standing.state == "pending" and standing.breached == timedelta(0):
        after = step(standing, "breached", now + minutes * MINUTE, lasting=10 * MINUTE, clearing=CLEARING)
        assert after.standing.state == "pending"


def test_its_whole_life_in_minutes():
    seen = ["clear", *["breached"] * 5, *["clear"] * 7, "clear"]
    steps = course([(what, 1, False) for what in seen])
    states = [made.standing.state for _, _, made in steps]
    assert states == ["ok", *["pending"] * 3, *["firing"] * 7, *["resolved"] * 3]
    last: Standing = steps[-1][2].standing
    over = step(last, "clear", last.evaluated + timedelta(hours=7), lasting=LASTING, clearing=CLEARING)
    assert over.standing.state == "ok" and over.standing.resolved is None
