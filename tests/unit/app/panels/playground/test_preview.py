"""What an answer would cost at most, said before it is asked for."""

from __future__ import annotations

import pytest

from app.panels.playground.preview import together


def test_all_together_cost_their_sum() -> None:
    assert together([0.001, 0.0002, 0.0]) == pytest.approx(0.0012)


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert together([0.001, None]) is None
