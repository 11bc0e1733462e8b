"""The whole request through our router and `litellm.acompletion`, beside litellm's Router doing the same.

    python benchmarks/acompletion.py [--requests 400] [--json]

One upstream on loopback, a process of its own; two deployments of it behind litellm's Router, one model of kind litellm
behind ours. Ours reads signals, guards, plans, validates, and commits the decision to SQLite; litellm's Router records
nothing. Our provider always streams (a cut answer cannot be told from a whole one otherwise), so the peer streams too;
its plain call, for which litellm does less, is measured beside it. Ends with a JSON list.
"""

from __future__ import annotations

import argparse
import asyncio
import json
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

TURN = 20
"""Requests of one variant before the next one has its turn."""
PROMPT = "Which river do most borders of the old county follow, and since when?"
ANSWER = "Hello from upstream."

POLICY = """
format = 1
name = "acompletion"
default_route = "chat"
tiers = ["small"]

[models.hosted]
tier = "small"
location = "cloud"
provider = {{ kind = "litellm", model = "openai/upstream-1", base_url = "{url}" }}
price = {{ kind = "tokens", input = "0.1", output = "0.4" }}

[validators.no-refusal]
kind = "refusal"

[routes.chat]
validators = ["no-refusal"]
strategy = {{ kind = "cascade", tiers = ["small"] }}
"""


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one request."""

    wall: float
    cpu: float


Measure = Callable[[], Awaitable[Took]]


def timed(ask: Callable[[], Awaitable[str]]) -> Measure:
    async def measure() -> Took:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        text = await ask()
        took = Took((time.perf_counter_ns() - wall) / 1e6, (time.process_time_ns() - cpu) / 1e6)
        if text != ANSWER:
            raise SystemExit(f"the upstream's answer did not come back: {text!r}")
        return took

    return measure


def ours(routing: Router) -> Measure:
    async def ask() -> str:
        return (await routing.aroute(RouteRequest.from_prompt(PROMPT))).text

    return timed(ask)


def litellms(url: str, *, stream: bool) -> Measure:
    """litellm's own Router over two deployments of the upstream."""
    import litellm

    deployment = {"model": "openai/upstream-1", "api_base": url, "api_key": "none"}
    models = [{"model_name": "chat", "litellm_params": dict(deployment)} for _ in range(2)]
    routing = litellm.Router(model_list=models, num_retries=0)
    messages = [{"role": "user", "content": PROMPT}]

    async def plain() -> str:
        answer = await routing.acompletion(model="chat", messages=messages, max_retries=0)
        return str(answer.choices[0].message.content)

    async def streamed() -> str:
        chunks = await routing.acompletion(
            model="chat", messages=messages, max_retries=0, stream=True, stream_options={"include_usage": True}
        )
        pieces = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
        return "".join(pieces)

    return timed(streamed if stream else plain)


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


def entry(name: str, value: float, n: int, *, peer: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "ms",
        "limit": round(peer, 4),
        "peer": round(peer, 4),
        "ratio_to_peer": round(value / peer, 4),
        "ratio_to_limit": round(value / peer, 4),
        "n": n,
    }


async def measure_all(requests: int) -> list[dict[str, Any]]:
    with apart() as (_, url), tempfile.TemporaryDirectory() as folder:
        loaded = parse_policy(POLICY.format(url=url), Path("acompletion.toml"))
        with Telemetry.open(f"sqlite:///{Path(folder) / 'bench.db'}", home=Path(folder)) as telemetry:
            tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
            variants = {
                "ours": ours(Router.from_policy(loaded, tracer=tracer, sink=telemetry.sink)),
                "streamed": litellms(url, stream=True),
                "plain": litellms(url, stream=False),
            }
            taken = await in_turns(variants, requests)
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")
    n = len(taken["ours"])
    return [
        entry(f"acompletion_{what}_p50_beside_{peer}", median(taken["ours"], what), n, peer=median(taken[peer], what))
        for peer in ("streamed", "plain")
        for what in ("wall", "cpu")
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
            beside = f"  {line['ratio_to_peer']:.2f} of litellm's Router"
            print(f"{line['name']:<36}{line['value']:>9.3f} ms{beside}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
