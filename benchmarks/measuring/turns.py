"""Variants measured in turns, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one request."""

    wall: float
    cpu: float
    """Of the whole process."""
    own: float | None = None
    """The router's own, where it tells."""


Measure: TypeAlias = Callable[[], Awaitable[Took]]
Quantity: TypeAlias = Literal["wall", "cpu", "own"]


async def timed(asking: Awaitable[Answer]) -> tuple[Answer, Took]:
    """What was awaited, and how long that took."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    answer = await asking
    return answer, Took((time.perf_counter_ns() - wall) / 1e6, (time.process_time_ns() - cpu) / 1e6)


async def in_turns(variants: Mapping[str, Measure], requests: int, turn: int) -> dict[str, list[Took]]:
    """Measurements by variant, ``turn`` requests of one before the next; each after a warm-up of one turn."""
    taken: dict[str, list[Took]] = {name: [] for name in variants}
    for measure in variants.values():
        for _ in range(turn):
            await measure()
    for _ in range(max(requests // turn, 1)):
        for name, measure in variants.items():
            taken[name] += [await measure() for _ in range(turn)]
    return taken


def values(taken: Sequence[Took], what: Quantity) -> list[float]:
    """One quantity of all measurements that tell it."""
    told = (getattr(took, what) for took in taken)
    return [value for value in told if value is not None]


def median(taken: Sequence[Took], what: Quantity) -> float:
    """The median of one quantity."""
    return statistics.median(values(taken, what))


def p99(taken: Sequence[Took], what: Quantity) -> float:
    """The 99th percentile of one quantity."""
    return statistics.quantiles(values(taken, what), n=100)[98]


def median_ms(work: Callable[[], object], runs: int) -> float:
    """The median time of ``runs`` runs of something that does not wait."""
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6
