"""How much longer 50 clients wait while 500 others begin requests that they never end (slowloris).

    python benchmarks/half_open.py [--requests 1000] [--half-open 500] [--json]

Each half-open connection sends another header every second, and is opened anew when the gateway has closed it. Turns
with and without them alternate; the 95th percentile with them may be twice that without, which is the peer.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from app.settings import HOME_VARIABLE
from benchmarks.gateway import POLICY, WARM_UP, free_port, load, prompts, running
from benchmarks.measuring.figures import Figure, command, figure, tell
from tests.upstream import apart

CLIENTS: Final = 50
TURNS: Final = 4
BEGUN: Final = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"


@asynccontextmanager
async def half_open(port: int, count: int) -> AsyncIterator[None]:
    """So many connections that never end their requests, to the end of the block."""

    ready = asyncio.Semaphore(0)

    async def hold() -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(BEGUN)
                ready.release()
                while not writer.is_closing():
                    await asyncio.sleep(1)
                    writer.write(b"x-slow: 1\r\n")
                    await writer.drain()

    holding = [asyncio.create_task(hold()) for _ in range(count)]
    for _ in holding:
        await ready.acquire()
    try:
        yield
    finally:
        for one in holding:
            one.cancel()
        await asyncio.gather(*holding, return_exceptions=True)


async def measure(url: str, port: int, requests: int, count: int) -> list[Figure]:
    texts = prompts(requests // TURNS)
    await load(url, prompts(WARM_UP), 8, stream=False)
    alone, beside = list[float](), list[float]()
    for _ in range(TURNS):
        alone += await load(url, texts, CLIENTS, stream=False)
        async with half_open(port, count):
            beside += await load(url, texts, CLIENTS, stream=False)
    without, among = (statistics.quantiles(taken, n=20)[18] for taken in (alone, beside))
    return [figure("gateway_p95_among_half_open", among, "ms", len(beside), limit=2 * without, peer=without)]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="with half-open connections, and as many without")
    parser.add_argument("--half-open", type=int, default=500, help="connections that never end their requests")
    options = parser.parse_args()
    with apart(1) as (_, url), tempfile.TemporaryDirectory() as home:
        policy = Path(home) / "gateway-bench.toml"
        policy.write_text(POLICY.format(url=url))
        port = free_port()
        serve = ["app.cli", "serve", "--no-pull", "--port", str(port), "--policy", str(policy)]
        with running("gateway", serve, port, {HOME_VARIABLE: home}) as server:
            results = asyncio.run(measure(server.url, port, options.requests, options.half_open))
    tell(results, only_json=options.json, peer="that without them")


if __name__ == "__main__":
    main()
