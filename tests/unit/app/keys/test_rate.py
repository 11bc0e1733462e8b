"""A minute's worth of requests goes through at once, and then one each time that another is due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.keys.rate import Rates
from router_core.clock import ManualClock
from router_core.errors import StateUnavailable
from router_core.policy.schema import StateEntry
from router_core.state.memory import MemoryStore
from tests.state import at_once


def take(rates: Rates, key: str, per_minute: int) -> float | None:
    return at_once(rates.take(key, per_minute))


def a_clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, tzinfo=UTC))


def test_a_minute_s_worth_goes_through_and_the_next_one_waits_for_its_drop():
    clock = a_clock()
    rates = Rates(MemoryStore(clock))
    assert [take(rates, "one", 6) for _ in range(6)] == [0.0] * 6
    assert take(rates, "one", 6) == pytest.approx(10)
    clock.advance(4)
    assert take(rates, "one", 6) == pytest.approx(6)
    clock.advance(6)
    assert take(rates, "one", 6) == 0
    assert take(rates, "one", 6) > 0


def test_one_key_does_not_use_up_another_s():
    rates = Rates(MemoryStore(a_clock()))
    assert take(rates, "one", 1) == 0
    assert take(rates, "one", 1) > 0
    assert take(rates, "other", 1) == 0


@settings(deadline=None)
@given(st.integers(1, 30), st.lists(st.floats(0, 30), min_size=1, max_size=30))
def test_no_minute_sees_more_than_twice_its_worth_and_no_time_more_than_its_share(
    per_minute: int, waits: list[float]
) -> None:
    clock = a_clock()
    rates = Rates(MemoryStore(clock))
    let_in = []
    for wait in waits:
        clock.advance(wait)
        let_in += [clock.monotonic_ns() / 1e9 for _ in range(per_minute) if take(rates, "one", per_minute) == 0]
    for start in let_in:
        assert sum(start <= moment < start + 60 for moment in let_in) <= 2 * per_minute
    assert len(let_in) <= per_minute * (1 + let_in[-1] / 60) + 1


@settings(deadline=None)
@given(st.integers(1, 600))
def test_who_waits_as_long_as_told_gets_in(per_minute: int) -> None:
    clock = a_clock()
    rates = Rates(MemoryStore(clock))
    for _ in range(per_minute):
        assert take(rates, "one", per_minute) == 0
    clock.advance(take(rates, "one", per_minute) + 1e-6)
    assert take(rates, "one", per_minute) == 0


class Away(MemoryStore):
    """A store that cannot be used."""

    async def take(self, name: str, per_minute: int) -> float:
        raise StateUnavailable("it is away")


def test_while_the_store_is_away_the_policy_says_what_becomes_of_requests() -> None:
    open_ = StateEntry(on_unavailable="fail_open")
    assert take(Rates(Away(a_clock()), lambda: open_), "one", 1) is None, "nobody can say"
    with pytest.raises(StateUnavailable):
        take(Rates(Away(a_clock())), "one", 1)
