"""Resilience: what breakers, outliers, retry budgets and latency estimates cost a request under ten models.

    python benchmarks/resilience.py
    python benchmarks/resilience.py --json

Times are the best of several rounds, in microseconds of one thread. ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from router_core.clock import SystemClock
from router_core.errors import UpstreamFailure
from router_core.policy.schema import Deployment, ResilienceEntry, ScriptedProvider
from router_core.resilience.health import Health

MODELS = 10
ROUNDS = 5
CALLS = 2_000
LIMIT_CALL = 60.0
LIMIT_LOOK = 50.0
LIMIT_OUTAGE = 500.0


def fleet(deployments: int) -> Health:
    """Ten models with so many deployments each, all well."""
    provider = ScriptedProvider(kind="scripted")
    places = [Deployment(name=f"d{number}", provider=provider) for number in range(deployments)]
    return Health(SystemClock(), ResilienceEntry(), random.Random(1), {f"m{n}": places for n in range(MODELS)})


def call(health: Health, number: int) -> None:
    """Choose, begin and end one call that succeeds."""
    name = health.choose("m1").deployment
    assert name is not None
    ticket = health.begin("m1", name)
    assert ticket is not None
    health.end(ticket, "success", latency_ms=200.0 + number % 50, ttft_ms=20.0)


def look(health: Health, _: int) -> None:
    """Ask every model whether it may be called."""
    for number in range(MODELS):
        health.readiness(f"m{number}")


def estimate(health: Health, _: int) -> None:
    """Ask every model how long it takes."""
    for number in range(MODELS):
        health.latency(f"m{number}")


def best_us(work: Callable[[Health, int], None], health: Health) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for number in range(CALLS):
            work(health, number)
        best = min(best, (time.perf_counter_ns() - start) / CALLS / 1e3)
    return best


def open_all(health: Health, deployments: int) -> None:
    error = UpstreamFailure("500")
    for number in range(MODELS):
        for place in range(deployments):
            while (ticket := health.begin(f"m{number}", f"d{place}")) is not None:
                health.end(ticket, "failure", error=error)


def measure() -> list[dict[str, Any]]:
    rows = []
    for deployments in (1, 3):
        health = fleet(deployments)
        rows.append(row(f"resilience.call.{deployments}", best_us(call, health), LIMIT_CALL))
        rows.append(row(f"resilience.readiness.{deployments}", best_us(look, health), LIMIT_LOOK))
        rows.append(row(f"resilience.latency.{deployments}", best_us(estimate, health), LIMIT_LOOK))
        open_all(health, deployments)
        rows.append(row(f"resilience.readiness_all_open.{deployments}", best_us(look, health), LIMIT_OUTAGE))
    return rows


def row(name: str, value: float, limit: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": "us",
        "limit": limit,
        "peer": None,
        "ratio_to_peer": None,
        "ratio_to_limit": value / limit,
        "n": CALLS * ROUNDS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="only the JSON list")
    options = parser.parse_args()
    rows = measure()
    if not options.json:
        print(f"{'step, deployments of each model':42} {'us':>8} {'limit us':>9} {'of limit':>9}")
        for entry in rows:
            print(f"{entry['name']:42} {entry['value']:8.2f} {entry['limit']:9.0f} {entry['ratio_to_limit']:9.2f}")
    json.dump(rows, sys.stdout)
    print()


if __name__ == "__main__":
    main()
