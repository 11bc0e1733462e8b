"""What routing itself costs: the router's own time per request, beside litellm's Router in the same run.

    python benchmarks/router.py [--requests 1000] [--profile] [--json]

200 words, one route over two scripted models that answer at once, one validator. Every variant is measured in turns,
so that whatever else the machine does hits all of them alike. ``wall`` is the whole of `Router.aroute`, the scripted
answer and the commit included; ``own`` is the decision's ``overhead_ms``: all but the calls of models and the commit.
``spans`` are made and go nowhere, by our tracer and by that of OpenTelemetry's SDK; ``committed`` is what the gateway
does; ``paused`` is ``telemetry_off`` after a pause as long as a commit, which is what a processor's caches forget.
``missed`` is ``telemetry_off`` on a route that is sticky and has a cache, with requests that never come again: looked
for, answered, kept. ``hit`` is the same request again and again, each answered by the cache.
litellm's Router answers a mock response from one of two deployments. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import cProfile
import itertools
import pstats
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.trace import TracerProvider

from app.interpreter import take_short_turns
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.peer import PEER, litellm_router
from benchmarks.measuring.prose import handbook
from benchmarks.measuring.turns import Measure, Quantity, Took, in_turns, median, p99, timed
from router_core import semconv
from router_core.policy.loading import parse_policy
from router_core.providers.scripted import Replies
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.signals.read import warm_up
from telemetry.setup import Telemetry
from telemetry.tracer import DecisionTracerProvider

LIMIT_MS = 1.0
PAUSE_S = 0.003
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

REMEMBERING = """
sticky = {}
cache = { max_temperature = 1 }
"""
ANSWER = "Their boundaries were drawn along the rivers."
PROMPT = " ".join(handbook()[:200])
"""200 words of prose."""


def router(telemetry: Telemetry | None = None, provider: TracerProvider | None = None, route: str = "") -> Router:
    """A router whose two models answer at once; ``route``: what else the policy says of its route."""
    scripts = {"one": Replies(ANSWER, repeat_last=True)}
    loaded = parse_policy(POLICY + route, Path("bench.toml"))
    if telemetry is not None:
        tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
        return Router.from_policy(loaded, scripts=scripts, tracer=tracer, sink=telemetry.sink)
    if provider is not None:
        return Router.from_policy(loaded, scripts=scripts, tracer=provider.get_tracer(semconv.INSTRUMENTATION_NAME))
    return Router.from_policy(loaded, scripts=scripts)


def ours(routing: Router, prompts: Iterator[str] | None = None, kind: str = "model") -> Measure:
    """Routing one request after the other; ``kind``: of the branch that is to answer all but the first."""
    texts = itertools.repeat(PROMPT) if prompts is None else prompts
    begun = False

    async def measure() -> Took:
        nonlocal begun
        result, took = await timed(routing.aroute(RouteRequest.from_prompt(next(texts))))
        if result.text != ANSWER or (begun and result.decision.chosen_kind != kind):
            raise SystemExit(f"this is not the answer that was to be measured: {result.decision.reason}")
        begun = True
        return replace(took, own=result.decision.overhead_ms)

    return measure


def paused(measure: Measure, seconds: float) -> Measure:
    """The same after a pause."""

    async def wait_and_measure() -> Took:
        await asyncio.sleep(seconds)
        return await measure()

    return wait_and_measure


def nowhere(provider: DecisionTracerProvider | SdkTracerProvider) -> TracerProvider:
    """A provider whose spans nobody takes."""
    provider.add_span_processor(SpanProcessor())
    return provider


def litellms() -> Measure:
    """litellm's own Router over two deployments that mock their answer."""
    routing = litellm_router([("chat", {"model": "openai/gpt-4o-mini", "mock_response": ANSWER})] * 2)
    messages = [{"role": "user", "content": PROMPT}]

    async def measure() -> Took:
        _, took = await timed(routing.acompletion(model="chat", messages=messages))
        return took

    return measure


async def measure_all(requests: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        with Telemetry.open(url, home=Path(folder)) as telemetry:
            variants = {
                "committed": ours(router(telemetry)),
                "spans": ours(router(provider=nowhere(DecisionTracerProvider(Resource({}))))),
                "sdk_spans": ours(router(provider=nowhere(SdkTracerProvider()))),
                "telemetry_off": ours(router()),
                "paused": paused(ours(router()), PAUSE_S),
                "missed": ours(router(route=REMEMBERING), (f"{PROMPT} {number}" for number in itertools.count())),
                "hit": ours(router(route=REMEMBERING), kind="cache"),
                "litellm": litellms(),
            }
            taken = await in_turns(variants, requests, TURN)
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")
    peer, n = taken["litellm"], len(taken["litellm"])
    peer_p50, peer_p99 = median(peer, "wall"), p99(peer, "wall")
    results = []
    for name in ("committed", "spans", "sdk_spans", "telemetry_off", "paused", "missed", "hit"):
        quantities: tuple[Quantity, ...] = ("own", "wall")
        for what in quantities:
            limit = LIMIT_MS if name in ("committed", "spans") and what == "own" else None
            p50, tail = median(taken[name], what), p99(taken[name], what)
            results += [
                figure(f"router_{what}_p50_{name}", p50, "ms", n, limit=limit, peer=peer_p50),
                figure(f"router_{what}_p99_{name}", tail, "ms", n, peer=peer_p99),
            ]
    return [
        *results,
        figure("litellm_router_wall_p50", peer_p50, "ms", n),
        figure("litellm_router_wall_p99", peer_p99, "ms", n),
    ]


def profile(requests: int) -> None:
    """Where the time goes with spans on, to standard error; cProfile itself doubles the figures."""

    async def route() -> None:
        measure = ours(router(provider=nowhere(DecisionTracerProvider(Resource({})))))
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
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="of each variant")
    parser.add_argument("--profile", action="store_true", help="tell where the time goes instead")
    options = parser.parse_args()
    warm_up()
    take_short_turns()  # as the gateway does
    if options.profile:
        profile(options.requests)
        return
    tell(asyncio.run(measure_all(options.requests)), only_json=options.json, peer=PEER)


if __name__ == "__main__":
    main()
