"""What routing itself costs: the router's own time per request, beside litellm's Router in the same run.

    python benchmarks/router.py [--requests 1000] [--profile] [--json]

200 words, one route over two scripted models that answer at once, one validator. Every variant is measured in turns,
so that whatever else the machine does hits all of them alike. ``wall`` is the whole of `Router.aroute`, the scripted
answer and the commit included; ``own`` is the decision's ``overhead_ms``: all but the calls of models and the commit.
litellm's Router answers a mock response from one of two deployments. Ends with a JSON list.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

# Before litellm is imported: no look at the network, no .env file.
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION")

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from router_core import semconv
from router_core.policy.loading import parse_policy
from router_core.providers.scripted import Replies
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.signals.read import warm_up
from telemetry.setup import Telemetry

LIMIT_MS = 1.0
TURN = 50
"""Requests of one variant before the next one has its turn."""

POLICY = """
format = 1
name = "bench"
default_route = "chat"
tiers = ["small", "large"]

[models.weak]
tier = "small"
location = "local"
provider = { kind = "scripted", script = "one" }
price = { kind = "tokens", input = "0.1", output = "0.4" }

[models.strong]
tier = "large"
location = "cloud"
provider = { kind = "scripted", script = "one" }
price = { kind = "tokens", input = "2", output = "8" }

[validators.no-refusal]
kind = "refusal"

[routes.chat]
validators = ["no-refusal"]
strategy = { kind = "cascade", tiers = ["small", "large"] }
"""

ANSWER = "Their boundaries were drawn along the rivers."
HANDBOOK = Path(__file__).resolve().parents[1] / "policies" / "docs"
PROMPT = " ".join(" ".join(page.read_text("utf-8") for page in sorted(HANDBOOK.glob("*.md"))).split()[:200])
"""200 words of prose, as different as words of prose are."""

Measure = Callable[[], Awaitable[tuple[float, float | None]]]
"""One request: wall milliseconds, and the router's own where it tells."""


def router(telemetry: Telemetry | None = None, provider: TracerProvider | None = None) -> Router:
    """A router whose two models answer at once."""
    scripts = {"one": Replies(ANSWER, repeat_last=True)}
    loaded = parse_policy(POLICY, Path("bench.toml"))
    if telemetry is not None:
        tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
        return Router.from_policy(loaded, scripts=scripts, tracer=tracer, sink=telemetry.sink)
    if provider is not None:
        return Router.from_policy(loaded, scripts=scripts, tracer=provider.get_tracer(semconv.INSTRUMENTATION_NAME))
    return Router.from_policy(loaded, scripts=scripts)


def ours(routing: Router) -> Measure:
    async def measure() -> tuple[float, float | None]:
        request = RouteRequest.from_prompt(PROMPT)
        begin = time.perf_counter_ns()
        result = await routing.aroute(request)
        wall = (time.perf_counter_ns() - begin) / 1e6
        if result.text != ANSWER:
            raise SystemExit(f"the scripted answer did not come back: {result.text!r}")
        return wall, result.decision.overhead_ms

    return measure


def litellms() -> Measure:
    """litellm's own Router over two deployments that mock their answer."""
    import litellm

    deployment = {"model": "openai/gpt-4o-mini", "api_key": "none", "mock_response": ANSWER}
    models = [{"model_name": "chat", "litellm_params": dict(deployment)} for _ in range(2)]
    routing = litellm.Router(model_list=models, num_retries=0)

    async def measure() -> tuple[float, float | None]:
        begin = time.perf_counter_ns()
        await routing.acompletion(model="chat", messages=[{"role": "user", "content": PROMPT}])
        return (time.perf_counter_ns() - begin) / 1e6, None

    return measure


async def in_turns(variants: dict[str, Measure], requests: int) -> dict[str, list[tuple[float, float | None]]]:
    """Measurements by variant, each after a warm-up of one turn."""
    taken: dict[str, list[tuple[float, float | None]]] = {name: [] for name in variants}
    for measure in variants.values():
        for _ in range(TURN):
            await measure()
    for _ in range(max(requests // TURN, 1)):
        for name, measure in variants.items():
            taken[name] += [await measure() for _ in range(TURN)]
    return taken


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


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
    null = TracerProvider()
    null.add_span_processor(SpanProcessor())
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        with Telemetry.open(url, home=Path(folder)) as telemetry:
            variants = {
                "committed": ours(router(telemetry)),
                "spans": ours(router(provider=null)),
                "telemetry_off": ours(router()),
                "litellm": litellms(),
            }
            taken = await in_turns(variants, requests)
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")
    walls = {name: [wall for wall, _ in values] for name, values in taken.items()}
    peer_p50, peer_p99 = statistics.median(walls["litellm"]), p99(walls["litellm"])
    n = len(walls["litellm"])
    results = []
    for name in ("committed", "spans", "telemetry_off"):
        own = [value for _, value in taken[name] if value is not None]
        limit = LIMIT_MS if name == "committed" else None
        results += [
            entry(f"router_own_p50_{name}", statistics.median(own), n, limit=limit, peer=peer_p50),
            entry(f"router_own_p99_{name}", p99(own), n, peer=peer_p99),
            entry(f"router_wall_p50_{name}", statistics.median(walls[name]), n, peer=peer_p50),
            entry(f"router_wall_p99_{name}", p99(walls[name]), n, peer=peer_p99),
        ]
    results += [entry("litellm_router_wall_p50", peer_p50, n), entry("litellm_router_wall_p99", peer_p99, n)]
    return results


def profile(requests: int) -> None:
    """Where the time goes with spans on, to standard error; cProfile itself doubles the figures."""

    async def route() -> None:
        null = TracerProvider()
        null.add_span_processor(SpanProcessor())
        measure = ours(router(provider=null))
        for _ in range(TURN):
            await measure()
        profiler.enable()
        for _ in range(requests):
            await measure()
        profiler.disable()

    profiler = cProfile.Profile()
    asyncio.run(route())
    pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumtime").print_stats("router_core", 40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000, help="of each variant")
    parser.add_argument("--profile", action="store_true", help="tell where the time goes instead")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    warm_up()
    if options.profile:
        profile(options.requests)
        return
    results = asyncio.run(measure_all(options.requests))
    if not options.json:
        for line in results:
            peer = "" if line["ratio_to_peer"] is None else f"  {line['ratio_to_peer']:.2f} of litellm's Router"
            limit = "" if line["ratio_to_limit"] is None else f", {line['ratio_to_limit']:.2f} of the limit"
            print(f"{line['name']:<34}{line['value']:>9.3f} ms{peer}{limit}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
