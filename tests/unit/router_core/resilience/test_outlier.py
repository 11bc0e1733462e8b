"""Which deployment is so much worse than its peers that it is left out for a while."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router_core.clock import ManualClock
from router_core.policy.schema import OutlierEntry
from router_core.resilience.outlier import Ejection, Outliers, wilson_lower

NAMES = ("east", "west", "north")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, tzinfo=UTC))


class Fleet:
    """Deployments that are called in turn, ten times a second each."""

    def __init__(self, clock: ManualClock, *names: str, **keys: object) -> None:
        self.clock = clock
        self.names = names
        self.outliers = Outliers(clock, OutlierEntry.model_validate(keys), names)

    def run(
        self, seconds: int, latency: dict[str, float] | None = None, failing: dict[str, int] | None = None
    ) -> dict[str, Ejection]:
        """Who was ejected. ``latency`` in ms, 200 unless told; ``failing``: so many of ten calls fail."""
        found = {}
        for tick in range(seconds * 10):
            self.clock.advance(0.1)
            now = self.clock.monotonic_ns()
            for name in self.names:
                if self.outliers.ejection(name) is not None:
                    continue
                if tick % 10 < (failing or {}).get(name, 0):
                    self.outliers.measures(name).failed(now)
                else:
                    took = (latency or {}).get(name, 200.0)
                    self.outliers.measures(name).succeeded(now, took, took / 10)
                ejection = self.outliers.judge(name, self.names)
                if ejection is not None:
                    found[name] = ejection
        return found


def test_equals_are_never_ejected(clock: ManualClock) -> None:
    assert Fleet(clock, *NAMES).run(120, failing=dict.fromkeys(NAMES, 2)) == {}


def test_one_that_fails_more_than_its_peers_is_ejected_with_the_figures(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES)
    fleet.run(60)
    found = fleet.run(60, failing={"east": 5})
    assert list(found) == ["east"]
    assert found["east"].why.endswith("recent calls failed, of its peers' 0%")


def test_when_all_fail_alike_none_is_ejected(clock: ManualClock) -> None:
    assert Fleet(clock, *NAMES).run(60, failing=dict.fromkeys(NAMES, 9)) == {}


def test_few_calls_say_nothing(clock: ManualClock) -> None:
    assert Fleet(clock, *NAMES, min_calls=1000).run(60, failing={"east": 9}) == {}


def test_one_far_slower_than_its_baseline_and_its_peers_is_ejected(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES)
    fleet.run(600)
    found = fleet.run(20, latency={"west": 2_000})
    assert list(found) == ["west"]
    assert found["west"].why == ("its p95 time to first token is 206 ms, usually 20 ms, its peers' 20 ms")


def test_a_slow_answer_after_a_quick_first_token_is_an_outlier_too(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES, min_latency_ms=500)
    fleet.run(600)
    assert "p95 latency is" in fleet.run(20, latency={"west": 2_000})["west"].why


def test_one_that_always_was_slow_is_not_ejected(clock: ManualClock) -> None:
    assert Fleet(clock, *NAMES).run(600, latency={"west": 2_000}) == {}


def test_when_all_become_slow_none_is_ejected(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES)
    fleet.run(600)
    assert fleet.run(60, latency=dict.fromkeys(NAMES, 2_000.0)) == {}


def test_what_is_fast_in_absolute_terms_is_never_too_slow(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES, min_latency_ms=100)
    fleet.run(600, latency=dict.fromkeys(NAMES, 5.0))
    assert fleet.run(60, latency={"west": 90.0, "east": 5.0, "north": 5.0}) == {}


def test_only_a_share_is_ejected_at_a_time(clock: ManualClock) -> None:
    four = ("a", "b", "c", "d")
    bad = {"a": 9, "b": 9, "c": 9}
    assert len(Fleet(clock, *four, max_ejected=0.25).run(20, failing=bad)) == 1
    assert len(Fleet(clock, *four, max_ejected=0.5).run(20, failing=bad)) == 2


def test_the_last_one_is_never_ejected(clock: ManualClock) -> None:
    fleet = Fleet(clock, "east", "west", max_ejected=1.0)
    assert list(fleet.run(20, failing={"east": 9})) == ["east"]
    assert fleet.run(5, failing={"west": 9}) == {}


def test_none_is_ejected_while_the_others_breakers_are_open(clock: ManualClock) -> None:
    fleet = Fleet(clock, "east", "west")
    for _ in range(100):
        clock.advance(0.1)
        fleet.outliers.measures("east").failed(clock.monotonic_ns())
        fleet.outliers.measures("west").succeeded(clock.monotonic_ns(), 200, 20)
    assert fleet.outliers.judge("east", ["east"]) is None
    clock.advance(1)
    assert fleet.outliers.judge("east", ["east", "west"]) is not None


def test_an_only_deployment_is_never_ejected(clock: ManualClock) -> None:
    assert Fleet(clock, "only").run(60, failing={"only": 9}) == {}


def test_a_policy_may_put_it_off(clock: ManualClock) -> None:
    assert Fleet(clock, *NAMES, enabled=False).run(60, failing={"east": 9}) == {}


def test_an_ejection_ends_and_each_further_one_is_longer_up_to_the_bound(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES, eject_s=30, max_eject_s=60)
    lengths = []
    for _ in range(3):
        ejection = next(iter(fleet.run(20, failing={"east": 9}).values()))
        lengths.append(round((ejection.until_ns - ejection.since_ns) / 1e9))
        left = (ejection.until_ns - clock.monotonic_ns()) / 1e9
        clock.advance(left)
        assert fleet.outliers.ejection("east") is None
    assert lengths == [30, 60, 60]


def test_good_conduct_makes_the_next_ejection_shorter_again(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES, eject_s=30)
    for _ in range(2):
        ejection = fleet.run(20, failing={"east": 9})["east"]
        clock.advance((ejection.until_ns - clock.monotonic_ns()) / 1e9)
    fleet.run(130)
    ejection = fleet.run(20, failing={"east": 9})["east"]
    assert round((ejection.until_ns - ejection.since_ns) / 1e9) == 30


def test_what_led_to_an_ejection_does_not_lead_to_the_next(clock: ManualClock) -> None:
    fleet = Fleet(clock, *NAMES, eject_s=5)
    assert list(fleet.run(3, failing={"east": 9})) == ["east"]
    clock.advance(5)
    assert fleet.run(60) == {}


@pytest.mark.parametrize(
    ("failed", "calls", "lower"), [(0, 0, 0.0), (0, 20, 0.0), (10, 20, 0.327), (20, 20, 0.881), (500, 1000, 0.474)]
)
def test_the_wilson_interval_is_the_published_one(failed: int, calls: int, lower: float) -> None:
    assert wilson_lower(failed, calls) == pytest.approx(lower, abs=0.001)
