from __future__ import annotations

import random
from dataclasses import replace

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from telemetry.query.filters import Filters
from telemetry.query.overview import Totals, series, totals
from telemetry.query.savings import FEWEST_DAYS, Savings

BLANK = Totals(**dict.fromkeys(Totals.__dataclass_fields__, 0))


def day(n: int, saved: int | None, baseline: int | None) -> Totals:
    return replace(BLANK, requests=n, savings_n=n, savings_nano=saved, baseline_nano=baseline)


def test_days_add_up_to_what_the_period_says(varied: sa.Engine):
    filters = Filters(simulated=False)
    found, whole = Savings.of(series(varied, filters, "day")), totals(varied, filters)
    assert (found.n, found.saved_nano) == (whole.savings_n, whole.savings_nano)
    assert found.days == 3


def test_less_than_a_week_has_no_interval():
    some = [day(10, 300 + number, 1_000) for number in range(FEWEST_DAYS - 1)]
    found = Savings.of(some)
    assert (found.saved_low_nano, found.share_high) == (None, None)
    assert found.share is not None
    assert Savings.of([*some, day(10, 300, 1_000)]).saved_low_nano is not None


def test_days_without_a_known_baseline_do_not_count():
    days = [day(0, None, None), *(day(10, 300, 1_000) for _ in range(FEWEST_DAYS - 1))]
    assert Savings.of(days).days == FEWEST_DAYS - 1
    assert Savings.of(days).saved_low_nano is None


def test_days_that_are_all_alike_leave_no_doubt():
    found = Savings.of([day(10, 250, 1_000)] * 10)
    assert (found.saved_low_nano, found.saved_nano, found.saved_high_nano) == (2_500, 2_500, 2_500)
    assert (found.share_low, found.share, found.share_high) == (0.25, 0.25, 0.25)


def test_busy_days_are_no_doubt_when_each_request_saves_the_same():
    found = Savings.of([day(n, 25 * n, 100 * n) for n in range(1, 12)])
    assert found.saved_low_nano == found.saved_nano == found.saved_high_nano


def test_nothing_to_compare_is_unknown_and_not_zero():
    assert Savings.of([]) == Savings(0, 0, None, None, None, None, None, None)


def test_a_loss_is_a_loss():
    found = Savings.of([day(10, -100 - number, 1_000) for number in range(8)])
    assert found.saved_nano is not None and found.saved_nano < 0
    assert found.saved_high_nano is not None and found.saved_high_nano < 0


def test_of_a_hundred_intervals_about_ninety_five_hold_the_truth():
    rng, held, trials = random.Random(5), 0, 400
    for _ in range(trials):
        days = []
        for _ in range(14):
            n, mean = rng.randrange(20, 60), rng.gauss(1_000, 200)
            days.append(day(n, round(sum(rng.gauss(mean, 300) for _ in range(n))), 2_000 * n))
        found = Savings.of(days)
        assert found.saved_low_nano is not None and found.saved_high_nano is not None
        held += found.saved_low_nano <= 1_000 * found.n <= found.saved_high_nano
    assert 0.92 <= held / trials <= 0.98


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(-(10**12), 10**12), st.integers(1, 10**12)),
        min_size=FEWEST_DAYS,
        max_size=60,
    )
)
def test_the_interval_lies_around_the_sum(clusters: list[tuple[int, int, int]]):
    found = Savings.of([day(*one) for one in clusters])
    assert found.saved_low_nano is not None and found.saved_high_nano is not None and found.saved_nano is not None
    assert found.saved_low_nano <= found.saved_nano <= found.saved_high_nano
    assert found.share_low is not None and found.share_high is not None and found.share is not None
    assert found.share_low <= found.share <= found.share_high
