"""What one failed hop costs: the first model's upstream answers 500 at once, and the next model answers.

    python benchmarks/hop.py [--requests 400] [--json]

Two routes over the same models, one that begins with the failing model and one that does not; the hop is the
difference of their medians. ``own`` is the decision's ``overhead_ms``: all but the calls and the commit. ``cpu`` is the
process's CPU time, the HTTP client and the committed rows included. Beside it, in turns, litellm's Router makes the
same hop by its ``fallbacks``, to the same upstreams, with nothing recorded. The upstreams are a process of their own.
Retries and breakers are off on both sides, or there would be no hop to measure. Ends with a JSON list.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before litellm is imported: no look at the network, no .env file.
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION")

from router_core import semconv
from router_core.policy.loading import parse_policy
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.signals.read import warm_up
from telemetry.setup import Telemetry
from tests.upstream import apart

LIMIT_MS = 1.0
TURN = 20
"""Requests of one variant before the next one has its turn."""
PROMPT = "Which river do most borders of the old county follow, and since when?"
ANSWER = "Hello from upstream."

POLICY = """
format = 1
name = "hop"
default_route = "hop"
tiers = ["small", "large"]

[models.failing]
tier = "small"
location = "cloud"
provider = {{ kind = "openai", base_url = "{failing}", model = "upstream-1" }}
price = {{ kind = "tokens", input = "0.1", output = "0.4" }}

[models.answering]
tier = "large"
location = "cloud"
provider = {{ kind = "openai", base_url = "{answering}", model = "upstream-1" }}
price = {{ kind = "tokens", input = "2", output = "8" }}

[validators.no-refusal]
kind = "refusal"

[routes.hop]
validators = ["no-refusal"]
strategy = {{ kind = "cascade", tiers = ["small", "large"] }}

[routes.straight]
validators = ["no-refusal"]
strategy = {{ kind = "cascade", tiers = ["large"] }}

[resilience.retry]
enabled = false

[resilience.breaker]
enabled = false
"""


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one request."""

    wall: float
    cpu: float
    own: float | None = None


Measure = Callable[[], Awaitable[Took]]


def ours(routing: Router, route: str) -> Measure:
    async def measure() -> Took:
        request = RouteRequest.from_prompt(PROMPT, route=route)
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        result = await routing.aroute(request)
        took = Took(since(wall), cpu_since(cpu), result.decision.overhead_ms)
        branches = 2 if route == "hop" else 1
        if result.text != ANSWER or len(result.decision.branches) != branches:
            raise SystemExit(f"route {route} did not do what is measured: {result.decision.reason}")
        return took

    return measure


def litellms(failing: str, answering: str, model: str) -> Measure:
    """litellm's own Router, with its fallback from one model to the other."""
    import litellm

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM Router").setLevel(logging.CRITICAL)
    places = {"failing": failing, "answering": answering}
    models = [
        {"model_name": name, "litellm_params": {"model": "openai/upstream-1", "api_base": url, "api_key": "none"}}
        for name, url in places.items()
    ]
    routing = litellm.Router(
        model_list=models,
        fallbacks=[{"failing": ["answering"]}],
        num_retries=0,
        max_fallbacks=1,
        disable_cooldowns=True,
    )

    async def measure() -> Took:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        answer = await routing.acompletion(model=model, messages=[{"role": "user", "content": PROMPT}], max_retries=0)
        took = Took(since(wall), cpu_since(cpu))
        if answer.choices[0].message.content != ANSWER:
            raise SystemExit("litellm's Router did not answer")
        return took

    return measure


def since(begin_ns: int) -> float:
    return (time.perf_counter_ns() - begin_ns) / 1e6


def cpu_since(begin_ns: int) -> float:
    return (time.process_time_ns() - begin_ns) / 1e6


async def in_turns(variants: dict[str, Measure], requests: int) -> dict[str, list[Took]]:
    """Measurements by variant, each after a warm-up of one turn."""
    taken: dict[str, list[Took]] = {name: [] for name in variants}
    for measure in variants.values():
        for _ in range(TURN):
            await measure()
    for _ in range(max(requests // TURN, 1)):
        for name, measure in variants.items():
            taken[name] += [await measure() for _ in range(TURN)]
    return taken


def median(values: list[Took], what: str) -> float:
    return statistics.median(getattr(took, what) for took in values)


def entry(name: str, value: float, n: int, *, limit: float | None = None, peer: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "ms",
        "limit": limit,
        "peer": None if peer is None else round(peer, 4),
        "ratio_to_peer": None if peer is None else round(value / peer, 4),
        "ratio_to_limit": None if limit is None else round(value / limit, 4),
        "n": n,
    }


async def measure_all(requests: int) -> list[dict[str, Any]]:
    with apart() as (failing, answering), tempfile.TemporaryDirectory() as folder:
        loaded = parse_policy(POLICY.format(failing=failing, answering=answering), Path("hop.toml"))
        with Telemetry.open(f"sqlite:///{Path(folder) / 'bench.db'}", home=Path(folder)) as telemetry:
            tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
            routing = Router.from_policy(loaded, tracer=tracer, sink=telemetry.sink)
            variants = {
                "hop": ours(routing, "hop"),
                "straight": ours(routing, "straight"),
                "litellm_hop": litellms(failing, answering, "failing"),
                "litellm_straight": litellms(failing, answering, "answering"),
            }
            taken = await in_turns(variants, requests)
            await routing.aclose()
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")

    def hop(what: str, prefix: str = "") -> float:
        return median(taken[f"{prefix}hop"], what) - median(taken[f"{prefix}straight"], what)

    n = len(taken["hop"])
    return [
        entry("hop_own_p50", hop("own"), n, limit=LIMIT_MS, peer=hop("cpu", "litellm_")),
        entry("hop_cpu_p50", hop("cpu"), n, peer=hop("cpu", "litellm_")),
        entry("hop_wall_p50", hop("wall"), n, peer=hop("wall", "litellm_")),
        entry("request_with_hop_wall_p50", median(taken["hop"], "wall"), n, peer=median(taken["litellm_hop"], "wall")),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="of each variant")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    warm_up()
    results = asyncio.run(measure_all(options.requests))
    if not options.json:
        for line in results:
            limit = "" if line["ratio_to_limit"] is None else f", {line['ratio_to_limit']:.2f} of the limit"
            beside = f"  {line['ratio_to_peer']:.2f} of litellm's Router"
            print(f"{line['name']:<28}{line['value']:>9.3f} ms{beside}{limit}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
