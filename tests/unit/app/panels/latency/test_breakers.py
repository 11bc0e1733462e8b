from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.panels.latency import breakers
from telemetry.query.incidents import BreakerInterval, FallbackBucket

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def interval(model: str = "small", state: str = "open", *, deployment: str | None = "only", lasts: bool = False):
    end = None if lasts else NOON + timedelta(minutes=1)
    return BreakerInterval(model, deployment, "host:1:a", state, NOON, end, "3 failures in a row", False)  # type: ignore[arg-type]


def test_a_quiet_period_is_said_with_what_was_counted() -> None:
    buckets = [FallbackBucket(NOON, "small", 40, 0, 2), FallbackBucket(NOON, "large", 2, 0, 0)]
    assert breakers.in_words([], buckets) == "No breaker opened; 0 of 42 requests that asked a model or tool fell back."


def test_what_opened_and_what_still_is_are_told() -> None:
    told = breakers.in_words(
        [interval(), interval(state="half_open"), interval("large", "ejected", deployment="east", lasts=True)],
        [FallbackBucket(NOON, "small", 10, 3, 0)],
    )
    assert told == (
        "Breakers opened 1 time; deployments were called less 1 time; 3 of 10 requests that asked a model or tool fell "
        "back. Not closed again: large at east."
    )


def test_only_the_deployments_with_the_most_intervals_have_lanes() -> None:
    many = [interval(f"m{number:02}") for number in range(20)]
    lanes = {one.lane for one in breakers.lasting([*many, interval("m19"), interval("m18")])}
    assert len(lanes) == breakers.LANES
    assert {"m18", "m19"} <= lanes


def test_steps_in_which_nobody_fell_back_have_no_bar() -> None:
    buckets = [FallbackBucket(NOON, "small", 10, 0, 0), FallbackBucket(NOON + timedelta(hours=1), "small", 10, 2, 0)]
    panel = breakers.fallback_panel(buckets, "light", {"small": "#112233"})
    assert [(one.name, one.colour, list(one.points)) for one in panel.series] == [
        ("small", "#112233", [(NOON + timedelta(hours=1), 2)])
    ]
