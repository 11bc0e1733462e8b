from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.dashboard import theme
from app.panels.latency import failing
from telemetry.query.filters import Filters

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_most_frequent_type_is_at_the_bottom_of_the_stack() -> None:
    stacks = failing.stacked([(DAY, "timeout", 2), (DAY, "rate_limited", 5), (DAY, "timeout", 1)], theme.LIGHT)
    assert [(one.name, list(one.points)) for one in stacks] == [
        ("rate limited", [(DAY, 5)]),
        ("timeout", [(DAY, 3)]),
    ]


def test_the_rarest_types_are_drawn_as_one_and_none_is_lost() -> None:
    counted = [(DAY + timedelta(days=n % 3), f"type_{n}", n + 1) for n in range(10)]
    stacks = failing.stacked(counted, theme.DARK)
    assert [one.name for one in stacks][-1] == "4 rarer types"
    assert sum(value or 0 for one in stacks for _, value in one.points) == sum(n for _, _, n in counted)
    assert len({one.colour for one in stacks}) == len(stacks)


def test_the_period_before_is_one_line_of_all_types() -> None:
    stacks = failing.stacked([(DAY, "timeout", 3), (DAY, "refused", 1)], theme.LIGHT)
    drawn = failing.against(stacks, [(DAY, 2), (DAY, 5)], None, "day")
    assert [one.before for one in drawn] == [[(DAY, 7)], ()]
    assert [one.points for one in drawn] == [one.points for one in stacks]
    assert failing.against([], [(DAY, 2)], None, "day") == []


def test_a_day_of_the_period_before_without_any_is_zero_and_no_gap() -> None:
    stacks = failing.stacked([(DAY, "timeout", 3)], theme.LIGHT)
    over = Filters(start=DAY - timedelta(days=3), end=DAY - timedelta(hours=2))
    [drawn] = failing.against(stacks, [(DAY - timedelta(days=2), 4)], over, "day")
    assert drawn.before == [(DAY - timedelta(days=3), 0), (DAY - timedelta(days=2), 4), (DAY - timedelta(days=1), 0)]


def test_an_error_is_told_in_words_and_is_never_markup() -> None:
    assert failing.error_said("first_token_timeout") == "first token timeout"
    assert failing.error_said("a\x1b[31m\u202e") == "a␛[31m[U+202E]"
