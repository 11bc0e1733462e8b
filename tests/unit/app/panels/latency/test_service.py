from __future__ import annotations

import pytest

from app.panels.latency import service
from telemetry.query.failures import RequestFailures
from telemetry.query.proportion import Proportion
from telemetry.query.speed import Percentiles, TokenSpeed


@pytest.mark.parametrize(("name", "ms"), [("p50", 1.0), ("p90", 2.0), ("p95", 3.0), ("p99", 4.0)])
def test_each_percentile_is_its_own(name: service.Percentile, ms: float) -> None:
    assert service.value_of(Percentiles("m", None, 9, 1.0, 2.0, 3.0, 4.0), name) == ms


def test_only_requests_whose_deadline_passed_are_late() -> None:
    found = [
        RequestFailures(None, "failed", "deadline_exceeded", Proportion.of(3, 100)),
        RequestFailures(None, "failed", "all_branches_failed", Proportion.of(4, 100)),
    ]
    assert service.late(found) == 3


def test_tokens_a_second_of_all_are_all_tokens_over_all_seconds() -> None:
    fast = TokenSpeed("a", "model", 1, 900, 10.0, 90.0, 90.0, 90.0)
    slow = TokenSpeed("b", "model", 1, 100, 10.0, 10.0, 10.0, 10.0)
    assert service.mean_speed([fast, slow]) == 50.0
    assert service.mean_speed([]) is None


def test_a_rate_in_words_has_its_interval_and_nothing_is_claimed_of_nothing() -> None:
    assert service.in_words(Proportion.of(11, 10_690), 2) == "11 of 10,690; 95 % interval 0.06 to 0.18 %"
    assert service.in_words(Proportion.of(0, 0)) == "nothing to count"
