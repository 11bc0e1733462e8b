"""Where a metric's weeks are drawn, and how large an effect is said to be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.panels.drift.course import middle
from app.panels.drift.square import effect_told

MONDAY = date(2026, 11, 23)
START = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_week_that_is_not_over_stands_at_the_middle_of_what_has_passed_of_it() -> None:
    assert middle(MONDAY, START + timedelta(hours=30)) == START + timedelta(hours=15)
    assert middle(MONDAY, START + timedelta(days=30)) == START + timedelta(days=3.5)
    assert middle(MONDAY, START - timedelta(days=1)) == START


def test_an_effect_is_told_in_its_own_unit_and_as_the_table_has_it() -> None:
    assert effect_told(0.329, 0.1, "distance") == "Effect 0.329 (distance), 3.29 times its threshold of 0.100"
    assert effect_told(0.329, None, "distance") == "Effect 0.329 (distance)"
