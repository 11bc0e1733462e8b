"""Resilience: what breakers, outliers, retry budgets and latency estimates cost a request under ten models.

    python benchmarks/resilience.py
    python benchmarks/resilience.py --json

Times are the best of several rounds, in microseconds of one thread. ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from benchmarks.measuring.figures import Figure, command, figure, tell
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


def measure() -> list[Figure]:
    figures = []
    for deployments in (1, 3):
        health = fleet(deployments)
        figures += [
            step(f"call.{deployments}", best_us(call, health), LIMIT_CALL),
            step(f"readiness.{deployments}", best_us(look, health), LIMIT_LOOK),
            step(f"latency.{deployments}", best_us(estimate, health), LIMIT_LOOK),
        ]
        open_all(health, deployments)
        figures.append(step(f"readiness_all_open.{deployments}", best_us(look, health), LIMIT_OUTAGE))
    return figures


def step(name: str, took_us: float, limit: float) -> Figure:
    return figure(f"resilience.{name}", took_us, "us", CALLS * ROUNDS, limit=limit)


def main() -> None:
    options = command(__doc__).parse_args()
    tell(measure(), only_json=options.json)


if __name__ == "__main__":
    main()
