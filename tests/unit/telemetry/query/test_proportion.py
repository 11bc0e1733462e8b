from __future__ import annotations

import pytest

from telemetry.query.proportion import Proportion


def test_the_interval_is_the_one_that_tables_give():
    """5 of 50 in Newcombe's comparison of methods (Statistics in Medicine 17, 1998): 0.0435 to 0.2136."""
    shown = Proportion.of(5, 50)
    assert (shown.share, shown.low, shown.high) == (
        0.1,
        pytest.approx(0.0435, abs=5e-5),
        pytest.approx(0.2136, abs=5e-5),
    )


def test_nothing_of_nothing_is_unknown():
    assert Proportion.of(0, 0) == Proportion(0, 0, None, None, None)


@pytest.mark.parametrize("part, n", [(0, 1), (1, 1), (0, 10**9), (10**9, 10**9), (3, 7)])
def test_the_share_lies_within_its_interval_and_that_within_0_and_1(part: int, n: int):
    shown = Proportion.of(part, n)
    assert shown.share is not None and shown.low is not None and shown.high is not None
    assert 0.0 <= shown.low <= shown.share + 1e-12
    assert shown.share - 1e-12 <= shown.high <= 1.0


def test_shares_of_few_cases_differ_by_chance_and_of_many_do_not() -> None:
    assert not Proportion.of(5, 100).differs_from(Proportion.of(3, 100))
    assert Proportion.of(500, 10_000).differs_from(Proportion.of(300, 10_000))
    assert Proportion.of(300, 10_000).differs_from(Proportion.of(500, 10_000))


def test_a_share_that_is_not_known_differs_from_none() -> None:
    assert not Proportion.of(5, 100).differs_from(Proportion.of(0, 0))
    assert not Proportion.of(0, 0).differs_from(Proportion.of(5, 100))
    assert not Proportion.of(5, 100).differs_from(None)
