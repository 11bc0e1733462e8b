"""Numbers are written in one way each, and unknown is a word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import units
from telemetry import histogram


@pytest.mark.parametrize(
    ("nano", "written"),
    [
        (None, "unknown"),
        (0, "$0"),
        (4_100, "$0.0000041"),
        (12_300_000, "$0.0123"),
        (12_340_000_000, "$12.34"),
        (-170_000, "-$0.00017"),
        (12_345_000_000_000, "$12,345"),
    ],
)
def test_money_has_the_precision_that_its_size_deserves(nano: int | None, written: str) -> None:
    assert units.nano_usd(nano) == written


@given(st.integers(min_value=1, max_value=10**15))
def test_money_that_was_spent_is_never_written_as_nothing(nano: int) -> None:
    assert float(units.nano_usd(nano).replace("$", "").replace(",", "")) > 0


@pytest.mark.parametrize(
    ("ms", "written"),
    [(None, "unknown"), (0.42, "0.42 ms"), (87.2, "87 ms"), (1_250, "1.25 s"), (125_000, "2 min 5 s")],
)
def test_durations_change_their_unit_with_their_size(ms: float | None, written: str) -> None:
    assert units.duration(ms) == written


def test_a_clock_that_stood_still_has_measured_nothing() -> None:
    assert [units.took(ms) for ms in (0.0, None, 0.004, 12.0)] == ["unknown", "unknown", "<0.01 ms", "12 ms"]


def test_the_median_of_clocks_that_stood_still_has_measured_nothing_either() -> None:
    [median] = histogram.percentiles(histogram.encode(histogram.count([0.0, 0.0, 0.0])), (0.5,))
    assert units.took(median) == "unknown"


@pytest.mark.parametrize("write", [units.count, units.compact, units.share, units.usd, units.duration, units.when])
def test_unknown_is_a_word(write) -> None:  # type: ignore[no-untyped-def]
    assert write(None) == "unknown"


def test_a_change_from_nothing_is_not_a_number() -> None:
    assert units.change(5, 0) is None
    assert units.change(5, None) is None
    assert units.change(6, 5) == "+20.0 %"
    assert units.change(1000.1, 1000) == "0.0 %"
    assert units.change(0.2, 0.2001, points=True) == "0.0 pp"
    assert units.change(0.25, 0.2, points=True) == "+5.0 pp"


def test_wilsons_interval_agrees_with_a_published_one() -> None:
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    low, high = units.wilson(81, 263) or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(min_value=1, max_value=10_000), st.data())
def test_wilsons_interval_holds_the_rate_and_stays_a_proportion(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(min_value=0, max_value=whole))
    low, high = units.wilson(part, whole) or (1.0, 0.0)
    assert 0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1


def test_no_observations_have_no_interval() -> None:
    assert units.wilson(0, 0) is None


def test_moments_are_written_in_utc() -> None:
    assert units.when("2026-03-03T10:00:00+02:00") == "2026-03-03 08:00:00"
    assert units.day(datetime(2026, 3, 3, tzinfo=UTC)) == "3 Mar 2026"
