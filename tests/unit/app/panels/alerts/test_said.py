"""Alerts in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.panels.alerts import said


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0.0532, "share", "5.3 %"),
        (1234.0, "ms", "1.23 s"),
        (0.5, "usd", "$0.5000"),
        (14.44, "times", "14.4 x"),
        (3.0, "count", "3"),
        (None, "count", "unknown"),
    ],
)
def test_a_value_stands_in_its_unit(amount, unit, text):
    assert said.value(amount, unit) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(0), "at once"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=6), "6 h"),
        (timedelta(days=7), "7 d"),
        (timedelta(seconds=90), "1.5 min"),
    ],
)
def test_a_length_of_time_stands_in_its_largest_whole_unit(time, text):
    assert said.length(time) == text
