"""The whole request through our router and `litellm.acompletion`, beside litellm's Router doing the same.

    python benchmarks/acompletion.py [--requests 400] [--json]

One upstream on loopback, a process of its own; two deployments of it behind litellm's Router, one model of kind litellm
behind ours. Ours reads signals, guards, plans, validates, and commits the decision to SQLite; litellm's Router records
nothing. Both are asked in both ways: ``plain``, with nobody looking at the answer before all of it is there, and
``streamed``, token by token. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.peer import PEER, litellm_router
from benchmarks.measuring.turns import Measure, Quantity, Took, in_turns, median, timed
from router_core import semconv
from router_core.events import Token
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


def checked(ask: Callable[[], Awaitable[str]]) -> Measure:
    async def measure() -> Took:
        text, took = await timed(ask())
        if text != ANSWER:
            raise SystemExit(f"the upstream's answer did not come back: {text!r}")
        return took

    return measure


def ours(routing: Router, *, stream: bool) -> Measure:
    request = RouteRequest.from_prompt(PROMPT)

    async def plain() -> str:
        return (await routing.aroute(request)).text

    async def streamed() -> str:
        return "".join([event.text async for event in routing.stream(request) if isinstance(event, Token)])

    return checked(streamed if stream else plain)


def litellms(url: str, *, stream: bool) -> Measure:
    """litellm's own Router over two deployments of the upstream."""
    deployment = {"model": "openai/upstream-1", "api_base": url}
    routing = litellm_router([("chat", deployment)] * 2)
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

    return checked(streamed if stream else plain)


def beside(taken: dict[str, list[Took]], what: Quantity, way: str) -> Figure:
    """Ours, which must not be slower than the peer asked in the same way."""
    mine, limit = taken[f"ours_{way}"], median(taken[way], what)
    return figure(f"acompletion_{what}_p50_{way}", median(mine, what), "ms", len(mine), limit=limit, peer=limit)


async def measure_all(requests: int) -> list[Figure]:
    with apart() as (_, url), tempfile.TemporaryDirectory() as folder:
        loaded = parse_policy(POLICY.format(url=url), Path("acompletion.toml"))
        with Telemetry.open(f"sqlite:///{Path(folder) / 'bench.db'}", home=Path(folder)) as telemetry:
            tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
            routing = Router.from_policy(loaded, tracer=tracer, sink=telemetry.sink)
            variants = {
                "ours_streamed": ours(routing, stream=True),
                "streamed": litellms(url, stream=True),
                "ours_plain": ours(routing, stream=False),
                "plain": litellms(url, stream=False),
            }
            taken = await in_turns(variants, requests, TURN)
            if telemetry.health().not_durable:
                raise SystemExit("not every decision was kept")
    quantities: tuple[Quantity, ...] = ("wall", "cpu")
    return [beside(taken, what, way) for way in ("streamed", "plain") for what in quantities]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each variant")
    options = parser.parse_args()
    warm_up()
    tell(asyncio.run(measure_all(options.requests)), only_json=options.json, peer=PEER)


if __name__ == "__main__":
    main()
