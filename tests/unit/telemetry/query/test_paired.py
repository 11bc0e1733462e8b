"""Agreement beyond chance and differences of shares, against published figures and against simulation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.query.paired import Pairs, difference, kappa

counts = st.integers(0, 400)


def test_kappa_is_that_of_a_known_table():
    """Two raters of 50 grants: 20 both yes, 15 both no, 5 and 10 apart; Cohen's kappa is 0.4."""
    found = kappa(Pairs(20, 5, 10, 15))
    assert found.value == pytest.approx(0.4)
    assert (found.n, found.agree.share) == (50, 0.7)


def test_the_interval_of_kappa_is_as_wide_as_that_of_samples_drawn_anew():
    rng, table = random.Random(5), (120, 20, 30, 60)
    found = kappa(Pairs(*table))
    drawn = []
    for _ in range(1500):
        some = rng.choices(range(4), table, k=sum(table))
        drawn.append(kappa(Pairs(*(some.count(kind) for kind in range(4)))).value or 0.0)
    drawn.sort()
    assert found.low is not None and found.high is not None
    assert found.low == pytest.approx(drawn[37], abs=0.03)
    assert found.high == pytest.approx(drawn[1462], abs=0.03)


@pytest.mark.parametrize("pairs", [Pairs(0, 0, 0, 0), Pairs(9, 0, 0, 0), Pairs(0, 0, 0, 4)])
def test_kappa_of_one_word_alone_is_not_defined_and_not_1(pairs: Pairs):
    assert (kappa(pairs).value, kappa(pairs).low, kappa(pairs).high) == (None, None, None)


@given(counts, counts, counts, counts)
def test_kappa_lies_in_its_interval_and_does_not_care_who_is_first(a: int, b: int, c: int, d: int):
    one, other = kappa(Pairs(a, b, c, d)), kappa(Pairs(a, c, b, d))
    if one.value is None or one.low is None or one.high is None:
        return
    assert -1 <= one.low <= one.value + 1e-12 and one.value - 1e-12 <= one.high <= 1
    assert other.value == pytest.approx(one.value)


def test_who_says_the_same_of_everything_has_no_interval():
    found = kappa(Pairs(27, 3, 0, 0))
    assert (found.value, found.low, found.high) == (0.0, None, None)


def test_the_difference_is_that_of_newcombes_own_example():
    """Newcombe 1998, table III, the pairs 36, 12, 2, 0 of 50: 0.2, from 0.0569 to 0.3404 by method 10."""
    found = difference(Pairs(36, 12, 2, 0))
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0569, abs=0.0005)
    assert found.high == pytest.approx(0.3404, abs=0.0005)


@given(counts, counts, counts, counts)
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(a: int, b: int, c: int, d: int):
    one, other = difference(Pairs(a, b, c, d)), difference(Pairs(a, c, b, d))
    if one.value is None or one.low is None or one.high is None:
        assert one.n == 0
        return
    assert -1 <= one.low <= one.value + 1e-9 and one.value - 1e-9 <= one.high <= 1
    assert other.low == pytest.approx(-one.high) and other.high == pytest.approx(-one.low)
