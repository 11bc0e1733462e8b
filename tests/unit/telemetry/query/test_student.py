from __future__ import annotations

import pytest

from telemetry.query.student import quantile_95

TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 10: 2.228, 29: 2.045, 30: 2.042, 120: 1.980}


@pytest.mark.parametrize(("df", "printed"), TABLE.items())
def test_it_says_what_printed_tables_say(df: int, printed: float):
    assert quantile_95(df) == pytest.approx(printed, abs=6e-4)


def test_with_many_degrees_of_freedom_it_is_the_normal_one():
    assert quantile_95(5000) == pytest.approx(1.959964, abs=6e-4)


def test_without_degrees_of_freedom_there_is_none():
    with pytest.raises(ValueError, match="at least one degree"):
        quantile_95(0)
