from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.panels.overview.this_week import Week, differs, mean_cost, sentence
from telemetry.query.overview import Totals
from telemetry.query.proportion import Proportion
from telemetry.query.volume import Volume

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOBODY = Totals(**dict.fromkeys(Totals.__dataclass_fields__, 0))


def week(requests: int, each_nano: int = 1_000_000, *, escalated: int = 0, failed: int = 0, **spent: int) -> Week:
    """Ten hours that are alike but for one part in a hundred."""
    hours = [
        Volume(MONDAY + timedelta(hours=n), requests // 10, requests // 10 * (each_nano + n % 3 * each_nano // 100), 0)
        for n in range(10)
    ]
    return Week(replace(NOBODY, requests=requests, escalated=escalated, failed=failed), hours, spent)


def test_a_change_is_told_with_the_model_behind_it_and_what_did_not_change_with_its_interval() -> None:
    now = week(2_000, 1_120_000, escalated=82, sprint=1_400_000_000, harbor=840_000_000)
    before = week(2_000, 1_000_000, escalated=80, sprint=1_160_000_000, harbor=840_000_000)
    assert sentence(now, before) == (
        "Spend per request rose 12 % to $0.00113, mostly sprint, against last week up to the same hour; no change "
        "beyond chance in escalations at 4.1 % (3.3 to 5.1 %), fallbacks at 0.0 % (0.0 to 0.2 %) and failures at 0.0 % "
        "(0.0 to 0.2 %); n = 2,000 against 2,000."
    )


def test_a_rate_that_changed_says_from_what_to_what() -> None:
    told = sentence(week(2_000, escalated=200), week(2_000, escalated=80))
    assert told.startswith("Escalations rose from 4.0 % to 10.0 % (8.8 to 11.4 %), against last week")
    assert "Escalations fell from 10.0 % to 4.0 %" in sentence(week(2_000, escalated=80), week(2_000, escalated=200))


def test_weeks_that_are_alike_are_said_to_be() -> None:
    told = sentence(week(400, escalated=20), week(300, escalated=15))
    assert told.startswith(
        "No change beyond chance against last week up to the same hour: spend per request at $0.00101,"
    )
    assert told.endswith("n = 400 against 300.")


@pytest.mark.parametrize(("now", "before"), [(0, 0), (0, 5_000), (5_000, 0), (29, 5_000)])
def test_too_few_requests_are_said_and_nothing_is_claimed(now: int, before: int) -> None:
    told = sentence(week(now, 5_000_000), week(before))
    assert told.startswith(f"Too few requests to compare weeks: {now:,} since Monday, {before:,} in the week before")


def test_a_change_of_everybodys_making_names_nobody() -> None:
    now = week(2_000, 2_000_000, a=1_000_000_000, b=1_000_000_000, c=1_000_000_000, d=1_000_000_000)
    before = week(2_000, 1_000_000, a=500_000_000, b=500_000_000, c=500_000_000, d=500_000_000)
    assert "mostly" not in sentence(now, before)


def test_unknown_costs_are_no_claim_about_spend() -> None:
    hours = [Volume(MONDAY + timedelta(hours=n), 100, None, 100) for n in range(10)]
    unknown = Week(replace(NOBODY, requests=1_000, cost_unknown=1_000), hours)
    told = sentence(unknown, week(1_000))
    assert "pend" not in told
    assert mean_cost(hours) is None


def test_the_error_of_a_mean_is_that_of_hours_and_not_of_requests() -> None:
    alike = mean_cost([Volume(MONDAY, 100, 100_000, 0)] * 10)
    apart = mean_cost([Volume(MONDAY, 100, 50_000, 0), Volume(MONDAY, 100, 150_000, 0)] * 5)
    assert alike is not None and apart is not None
    assert alike.mean == apart.mean == 1_000
    assert alike.error == 0
    assert apart.error == pytest.approx(500 / 3)


def test_nothing_differs_from_nothing() -> None:
    assert not differs(Proportion.of(0, 0), Proportion.of(5, 10))
    assert differs(Proportion.of(90, 100), Proportion.of(10, 100))
