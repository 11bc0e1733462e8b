"""Counts over the last seconds."""

from __future__ import annotations

import pytest

from router_core.resilience.window import CountingWindow

SECOND = 1_000_000_000


def test_what_happened_within_the_window_counts_by_kind() -> None:
    window = CountingWindow(10, 2)
    for kind in (0, 1, 1):
        window.add(5 * SECOND, kind)
    assert (window.total(6 * SECOND, 0), window.total(6 * SECOND, 1)) == (1, 2)


def test_what_is_older_than_the_window_no_longer_counts() -> None:
    window = CountingWindow(10, 1)
    window.add(0, 0)
    window.add(6 * SECOND, 0)
    assert window.total(9 * SECOND, 0) == 2
    assert window.total(10 * SECOND, 0) == 1
    assert window.total(100 * SECOND, 0) == 0


def test_a_long_silence_costs_no_more_than_one_window() -> None:
    window = CountingWindow(0.001, 1)
    window.add(0, 0)
    assert window.total(10**18, 0) == 0


def test_a_cleared_window_is_empty_and_goes_on() -> None:
    window = CountingWindow(10, 1)
    window.add(SECOND, 0)
    window.clear()
    assert window.total(SECOND, 0) == 0
    window.add(SECOND, 0)
    assert window.total(2 * SECOND, 0) == 1


@pytest.mark.parametrize(("seconds", "kinds"), [(0, 1), (-1, 1), (float("nan"), 1), (1, 0)])
def test_a_window_without_length_or_kinds_is_refused(seconds: float, kinds: int) -> None:
    with pytest.raises(ValueError, match="positive length"):
        CountingWindow(seconds, kinds)
