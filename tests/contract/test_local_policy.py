"""What the alerts of policies/local.toml promise, over decisions that are really kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs.alert_rules import rules_of
from app.settings import shipped
from router_core.policy.loading import load_policy
from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.rule import Rule
from tests.alerting import NOW, rounds, some, store
from tests.traces import Attempt

LARGE = "qwen2.5-coder-1.5b"
SECOND = 1_000.0
ESCALATED = (Attempt("smollm2-135m", outcome="rejected"), Attempt(LARGE))


def rule(name: str) -> Rule:
    policy = load_policy(shipped("policies") / "local.toml").policy
    return next(one for one in rules_of(policy) if one.name == name)


def fires(folder: Path, name: str, *, usual: int, odd: int, attempts: tuple[Attempt, ...], minutes: int = 40) -> int:
    """How often the rule fires when so many of the requests are like this, and all others as ever."""
    routed = [*some(usual, name="usual"), *some(odd, name="odd", attempts=attempts)]
    return sum(len(one.fired) for one in rounds(store(folder, routed), [rule(name)], minutes))


def test_its_own_rules_stand_beside_the_built_in_ones() -> None:
    found = rules_of(load_policy(shipped("policies") / "local.toml").policy)
    assert [one.name for one in found if not one.builtin] == ["answers are slow", "summaries are written twice"]
    # There is no budget in it.
    left_out = {one.name for one in BUILTIN} - {one.name for one in found}
    assert left_out == {one.name for one in BUILTIN if one.metric in ("budget_use", "budget_burn")}


@pytest.mark.parametrize(
    ("seconds", "odd", "times"),
    [(60.0, 40, 0), (120.0, 19, 0), (120.0, 40, 1)],
    ids=["a minute is usual here", "too few to say", "two minutes"],
)
def test_slow_answers_alarm_beyond_a_minute_and_a_half(seconds: float, odd: int, times: int, tmp_path: Path) -> None:
    slow = (Attempt(LARGE, latency_ms=seconds * SECOND),)
    assert fires(tmp_path, "answers are slow", usual=0, odd=odd, attempts=slow) == times


@pytest.mark.parametrize(
    ("usual", "odd", "times"),
    [(90, 10, 0), (65, 35, 0), (5, 40, 0), (20, 80, 1)],
    ids=["one in ten", "perhaps a third", "too few to say", "most"],
)
def test_summaries_that_are_mostly_written_twice_alarm(usual: int, odd: int, times: int, tmp_path: Path) -> None:
    assert fires(tmp_path, "summaries are written twice", usual=usual, odd=odd, attempts=ESCALATED) == times


def test_slow_answers_of_two_minutes_in_the_past_are_no_alarm_now(tmp_path: Path) -> None:
    slow = (Attempt(LARGE, latency_ms=120 * SECOND),)
    engine = store(tmp_path, some(40, at=NOW.replace(hour=6), attempts=slow))
    assert sum(len(one.fired) for one in rounds(engine, [rule("answers are slow")], 30)) == 0
