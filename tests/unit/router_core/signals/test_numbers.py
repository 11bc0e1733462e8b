# ruff: noqa: RUF001
"""How many numbers a prompt holds."""

import pytest

from router_core.signals.kinds import kinds
from router_core.signals.numbers import count_numbers


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("no number", 0),
        ("1,234.50 euros", 1),
        ("water is h2o", 0),
        ("from 3 to 5", 2),
        ("2024-01-05", 3),
        ("12*7", 2),
        ("3. item, 4 more", 2),
        ("٣ and ５", 2),
        ("7", 1),
        ("50% of 80", 2),
    ],
)
def test_runs_of_digits_outside_words_are_counted(text, count):
    assert count_numbers(kinds(text)) == count
