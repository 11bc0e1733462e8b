"""What one failed hop costs: the first model's upstream answers 500 at once, and the next model answers.

    python benchmarks/hop.py [--requests 400] [--json]

Two routes over the same models, one that begins with the failing model and one that does not; the hop is the
difference of their medians. ``own`` is the decision's ``overhead_ms``: all but the calls and the commit. ``cpu`` is the
process's CPU time, the HTTP client and the committed rows included. Beside it, in turns, litellm's Router makes the
same hop by its ``fallbacks``, to the same upstreams, with nothing recorded. The upstreams are a process of their own.
Retries and breakers are off on both sides, or there would be no hop to measure. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.peer import PEER, litellm_router
from benchmarks.measuring.turns import Measure, Quantity, Took, in_turns, median, timed
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


def ours(routing: Router, route: str) -> Measure:
    async def measure() -> Took:
        request = RouteRequest.from_prompt(PROMPT, route=route)
        result, took = await timed(routing.aroute(request))
        branches = 2 if route == "hop" else 1
        if result.text != ANSWER or len(result.decision.branches) != branches:
            raise SystemExit(f"route {route} did not do what is measured: {result.decision.reason}")
        return replace(took, own=result.decision.overhead_ms)

    return measure


def litellms(failing: str, answering: str, model: str) -> Measure:
    """litellm's own Router, with its fallback from one model to the other."""
    places = {"failing": failing, "answering": answering}
    deployments = [(name, {"model": "openai/upstream-1", "api_base": url}) for name, url in places.items()]
    routing = litellm_router(
        deployments, fallbacks=[{"failing": ["answering"]}], max_fallbacks=1, disable_cooldowns=True
    )
    messages = [{"role": "user", "content": PROMPT}]

    async def measure() -> Took:
        answer, took = await timed(routing.acompletion(model=model, messages=messages, max_retries=0))
        if answer.choices[0].message.content != ANSWER:
            raise SystemExit("litellm's Router did not answer")
        return took

    return measure


async def measure_all(requests: int) -> list[Figure]:
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
            taken = await in_turns(variants, requests, TURN)
            await routing.aclose()
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")

    def hop(what: Quantity, prefix: str = "") -> float:
        return median(taken[f"{prefix}hop"], what) - median(taken[f"{prefix}straight"], what)

    n = len(taken["hop"])
    return [
        figure("hop_own_p50", hop("own"), "ms", n, limit=LIMIT_MS, peer=hop("cpu", "litellm_")),
        figure("hop_cpu_p50", hop("cpu"), "ms", n, peer=hop("cpu", "litellm_")),
        figure("hop_wall_p50", hop("wall"), "ms", n, peer=hop("wall", "litellm_")),
        figure(
            "request_with_hop_wall_p50",
            median(taken["hop"], "wall"),
            "ms",
            n,
            peer=median(taken["litellm_hop"], "wall"),
        ),
    ]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each variant")
    options = parser.parse_args()
    warm_up()
    tell(asyncio.run(measure_all(options.requests)), only_json=options.json, peer=PEER)


if __name__ == "__main__":
    main()
