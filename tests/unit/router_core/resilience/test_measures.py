"""What is remembered of a deployment's calls."""

from __future__ import annotations

import pytest

from router_core.policy.schema import OutlierEntry
from router_core.resilience.measures import Measures

SECOND = 1_000_000_000
ENTRY = OutlierEntry(window_s=60, baseline_s=3600)


def test_of_a_deployment_never_called_nothing_is_known() -> None:
    measures = Measures(ENTRY)
    assert measures.calls(0) == (0, 0)
    assert measures.estimate(0) is None


def test_calls_and_failures_are_counted_within_the_window() -> None:
    measures = Measures(ENTRY)
    measures.succeeded(0, 100, 20)
    measures.failed(0)
    assert measures.calls(SECOND) == (2, 1)
    assert measures.calls(61 * SECOND) == (0, 0)


def test_an_estimate_tells_latency_and_first_token_and_what_it_stands_on() -> None:
    measures = Measures(ENTRY)
    for number in range(100):
        measures.succeeded(0, 100.0 * (1 + number % 10), 50)
    estimate = measures.estimate(0)
    assert estimate is not None
    assert estimate.p50_ms == pytest.approx(500, rel=0.05)
    assert estimate.p95_ms == pytest.approx(1_000, rel=0.05)
    assert estimate.ttft_p95_ms == pytest.approx(50, rel=0.05)
    assert estimate.n == pytest.approx(100)


def test_without_first_tokens_only_they_are_unknown() -> None:
    measures = Measures(ENTRY)
    measures.succeeded(0, 100, None)
    estimate = measures.estimate(0)
    assert estimate is not None
    assert estimate.ttft_p50_ms is None
    assert estimate.p50_ms == pytest.approx(100, rel=0.05)


def test_after_a_quiet_hour_the_baseline_still_knows() -> None:
    measures = Measures(ENTRY)
    for _ in range(50):
        measures.succeeded(0, 200, None)
    estimate = measures.estimate(3600 * SECOND)
    assert estimate is not None
    assert estimate.p50_ms == pytest.approx(200, rel=0.05)
    assert estimate.n == pytest.approx(25)


def test_what_is_recent_speaks_before_the_baseline() -> None:
    measures = Measures(ENTRY)
    for _ in range(1_000):
        measures.succeeded(0, 200, None)
    for _ in range(20):
        measures.succeeded(1200 * SECOND, 900, None)
    estimate = measures.estimate(1200 * SECOND)
    assert estimate is not None
    assert estimate.p50_ms == pytest.approx(900, rel=0.05)


def test_to_begin_anew_keeps_the_baseline() -> None:
    measures = Measures(ENTRY)
    measures.succeeded(0, 200, 20)
    measures.forget_recent()
    assert measures.calls(0) == (0, 0)
    assert measures.recent["latency"].quantile(0.5) is None
    assert measures.baseline["ttft"].quantile(0.5) == pytest.approx(20, rel=0.05)
