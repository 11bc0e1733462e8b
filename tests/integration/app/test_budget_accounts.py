"""What the store knows of how a budget's accounts were spent, over a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.dashboard.budgets import Budget, Spender
from app.panels.cost.budget_accounts import LOOK_BACK, LOOK_BACK_BY_HOUR, Account, course, past
from router_core import semconv
from tests.integration.app.test_pages import home, keep
from tests.traces import Attempt, Routed

__all__ = ["home"]

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
MONTH = datetime(2026, 11, 1, tzinfo=UTC)
DOLLAR = 1_000_000_000


def spent(number: int, at: datetime, usd: float, **more: Any) -> Routed:
    return Routed(f"{number:032x}", at=at, attempts=(Attempt(cost_nano=round(usd * DOLLAR)),), **more)


def account(spent: float, *, holder: str | None = None, per: str = "policy", day: bool = False) -> Account:
    start = NOW.replace(hour=0, minute=0) if day else MONTH
    end = start + timedelta(days=1) if day else datetime(2026, 12, 1, tzinfo=UTC)
    period = "day" if day else "month"
    budget = Budget("team", None, per, period, (), (), "refuse", 10.0, start, end, (), False)
    return Account(budget, Spender(holder, spent, 0.0))


def test_a_month_rests_on_the_last_whole_days_of_every_purpose_empty_days_counted(home: Path) -> None:
    keep(
        home,
        spent(1, NOW - timedelta(days=3), 1.0),
        spent(2, NOW - timedelta(days=1), 2.0, purpose="playground"),
        spent(3, NOW - timedelta(hours=1), 99.0),
        spent(4, NOW - timedelta(days=1), 50.0, simulated=True),
        spent(5, NOW - timedelta(days=1), 70.0, extra={semconv.SOURCE: "otlp"}),
    )
    days, ahead = past(account(100), NOW)
    assert days == [1.0, 0.0, 2.0]
    assert ahead == pytest.approx(10 + 8.5 / 24)


def test_it_looks_back_four_weeks_and_not_further(home: Path) -> None:
    keep(home, spent(1, NOW - timedelta(days=60), 7.0), spent(2, NOW - timedelta(days=28), 3.0))
    days, _ = past(account(1), NOW)
    assert (len(days), days[0], sum(days)) == (LOOK_BACK.days, 3.0, 3.0)


def test_what_is_read_by_the_hour_looks_back_two_weeks(home: Path) -> None:
    keep(home, spent(1, NOW - timedelta(days=15), 7.0), spent(2, NOW - timedelta(days=14), 3.0))
    days, _ = past(account(1, day=True), NOW)
    assert (len(days), sum(days[1:])) == (LOOK_BACK_BY_HOUR.days, 0.0)
    assert 0.0 < days[0] <= 3.0, "the rest of that day, the present hour in part"


def test_a_day_rests_on_the_same_hours_of_the_days_before(home: Path) -> None:
    yesterday = NOW - timedelta(days=1)
    keep(
        home,
        spent(1, yesterday.replace(hour=9), 100.0),
        spent(2, yesterday.replace(hour=15, minute=5), 4.0),
        spent(3, yesterday.replace(hour=22), 1.0),
        spent(4, NOW - timedelta(days=2), 0.0),
    )
    parts, ahead = past(account(1, day=True), NOW)
    assert parts == [0.0, 4.0 / 2 + 1.0]
    assert ahead == 1.0


def test_a_holder_counts_only_what_it_has_spent(home: Path) -> None:
    at = NOW - timedelta(days=1)
    keep(home, spent(1, at, 1.0, tenant="acme", route="chat"), spent(2, at, 2.0, tenant="zeta", route="draft"))
    assert past(account(1, holder="acme", per="tenant"), NOW)[0] == [1.0]
    assert past(account(1, holder="draft", per="route"), NOW)[0] == [2.0]
    assert past(account(1, holder="ci", per="key"), NOW)[0] is None


def test_an_account_begins_with_its_own_first_request_however_old_the_store_is(home: Path) -> None:
    keep(
        home,
        spent(1, NOW - timedelta(days=20), 5.0, tenant="acme"),
        spent(2, NOW - timedelta(days=3), 0.0, tenant="zeta"),
        spent(3, NOW - timedelta(minutes=5), 1.0, tenant="new"),
    )
    assert past(account(1, holder="zeta", per="tenant"), NOW)[0] == [0.0, 0.0, 0.0]
    for day in (False, True):
        assert past(account(1, holder="new", per="tenant", day=day), NOW)[0] == []


def test_the_course_has_the_shape_of_the_decisions_and_ends_with_what_the_ledger_says(home: Path) -> None:
    keep(
        home,
        spent(1, MONTH - timedelta(days=1), 50.0),
        spent(2, MONTH + timedelta(days=2, hours=3), 1.0),
        spent(3, MONTH + timedelta(days=4), 3.0),
    )
    points = course(account(8.0), NOW)
    assert points == [
        (MONTH, 0.0),
        (MONTH + timedelta(days=2), 0.0),
        (MONTH + timedelta(days=3), 2.0),
        (MONTH + timedelta(days=4), 2.0),
        (MONTH + timedelta(days=5), 8.0),
        (NOW, 8.0),
    ]


def test_a_course_never_falls_and_never_reaches_past_now(home: Path) -> None:
    keep(home, *(spent(n, NOW - timedelta(hours=5 * n), 1.0) for n in range(1, 60)))
    for day in (False, True):
        points = course(account(5.0, day=day), NOW)
        moments, values = [moment for moment, _ in points], [value for _, value in points]
        assert moments == sorted(moments) and moments[-1] == NOW
        assert values == sorted(values) and values[-1] == 5.0


def test_what_the_rollups_do_not_know_is_a_straight_line(home: Path) -> None:
    keep(home, spent(1, NOW - timedelta(days=1), 1.0))
    assert course(account(4.0, holder="ci", per="key"), NOW) == [(MONTH, 0.0), (NOW, 4.0)]
