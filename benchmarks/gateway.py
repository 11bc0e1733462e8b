"""What the gateway adds to an upstream's answer, and how many requests one core carries.

    python benchmarks/gateway.py [--requests 400] [--connections 1 32] [--json]

Three processes on loopback: an upstream that answers at once, `routescope serve` with every decision committed before
its answer is complete, and a bare pass-through of the same server and client libraries, the peer. Prompts have 50 words
and differ. ``plain`` answers come whole, ``stream`` ones in 22 chunks. What is added at one connection is the median
beyond the upstream asked directly. Requests a core are those of a second of the gateway's own processor time, which
others on the machine do not change. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from app.settings import HOME_VARIABLE
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.prose import handbook
from tests.upstream import apart

ROOT: Final = Path(__file__).resolve().parents[1]
WORDS, CHUNKS, WARM_UP, TURN = 50, 22, 60, 50
ADDED_LIMIT_MS: Final = 1.5
PER_CORE: Final = 1000.0
START_S: Final = 60.0
POLICY: Final = """
format = 1
name = "gateway-bench"
default_route = "chat"
tiers = ["small"]

[models.upstream]
tier = "small"
location = "cloud"
provider = {{ kind = "openai", base_url = "{url}", model = "upstream-1" }}
price = {{ kind = "tokens", input = "0.1", output = "0.4" }}

[validators.no-refusal]
kind = "refusal"

[routes.chat]
validators = ["no-refusal"]
strategy = {{ kind = "cascade", tiers = ["small"] }}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One of the servers: its name, where it is, and its process."""

    name: str
    url: str
    pid: int

    def processor_s(self) -> float:
        """Seconds of processor time that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prompts(count: int) -> list[str]:
    """Different ones, the same for each run."""
    rng, words = random.Random(count), handbook()
    starts = [rng.randrange(len(words) - WORDS) for _ in range(count)]
    return [" ".join(words[start : start + WORDS]) for start in starts]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(name: str, arguments: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[Server]:
    """A server of ours as a process of its own, once it listens."""
    process = subprocess.Popen([sys.executable, "-P", "-m", *arguments], cwd=ROOT, env={**os.environ, **environment})
    try:
        until = time.monotonic() + START_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{name} did not start")
            time.sleep(0.05)
        yield Server(name, f"http://127.0.0.1:{port}/v1", process.pid)
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def ask(session: aiohttp.ClientSession, url: str, prompt: str, *, stream: bool) -> float:
    """One request; milliseconds until its last byte."""
    body: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": prompt}]}
    if stream:
        body["stream"] = True
    data = json.dumps(body, separators=(",", ":"))
    begin = time.perf_counter_ns()
    async with session.post(
        f"{url}/chat/completions", data=data, headers={"content-type": "application/json"}
    ) as answer:
        text = await answer.read()
        if answer.status != 200 or b"word" not in text:
            raise SystemExit(f"{url} answered {answer.status}: {text[:200]!r}")
    return (time.perf_counter_ns() - begin) / 1e6


async def load(url: str, texts: Sequence[str], connections: int, *, stream: bool) -> list[float]:
    """The requests over so many connections; milliseconds of each."""
    waiting, taken = list(texts), list[float]()

    async def client(session: aiohttp.ClientSession) -> None:
        while waiting:
            taken.append(await ask(session, url, waiting.pop(), stream=stream))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(client(session) for _ in range(connections)))
    return taken


async def added(servers: Sequence[Server], texts: Sequence[str], *, stream: bool) -> dict[str, list[float]]:
    """Milliseconds of each server's answers at one connection; they take turns."""
    taken: dict[str, list[float]] = {server.name: [] for server in servers}
    for turn in range(0, len(texts), TURN):
        for server in servers:
            taken[server.name] += await load(server.url, texts[turn : turn + TURN], 1, stream=stream)
    return taken


async def measure(servers: Sequence[Server], requests: int, connections: Sequence[int]) -> list[Figure]:
    direct, ours, peer = servers
    results = []
    for stream in (False, True):
        way, texts = ("stream" if stream else "plain"), prompts(requests)
        for server in servers:
            await load(server.url, prompts(WARM_UP), 8, stream=stream)
        taken = await added(servers, texts, stream=stream)
        base = statistics.median(taken[direct.name])
        mine, theirs = (statistics.median(taken[one.name]) - base for one in (ours, peer))
        limit = None if stream else ADDED_LIMIT_MS
        results.append(figure(f"gateway_added_p50_{way}", mine, "ms", requests, limit=limit, peer=theirs))
        tail, beside = (statistics.quantiles(taken[one.name], n=100)[98] - base for one in (ours, peer))
        results.append(figure(f"gateway_added_p99_{way}", tail, "ms", requests, peer=beside))
        for number in connections:
            rates = []
            for server in (ours, peer):
                before = server.processor_s()
                await load(server.url, texts, number, stream=stream)
                rates.append(len(texts) / max(server.processor_s() - before, 0.01))
            least = None if stream else PER_CORE
            results.append(
                figure(
                    f"gateway_{way}_per_core_at_{number}", rates[0], "requests/s", requests, limit=least, peer=rates[1]
                )
            )
    return results


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each kind, to each server")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32], help="at a time, for requests a core")
    options = parser.parse_args()
    with apart(CHUNKS) as (_, url), tempfile.TemporaryDirectory() as home:
        policy = Path(home) / "gateway-bench.toml"
        policy.write_text(POLICY.format(url=url))
        mine, theirs = free_port(), free_port()
        serve = ["app.cli", "serve", "--no-pull", "--port", str(mine), "--policy", str(policy)]
        hand_on = ["benchmarks.measuring.passthrough", str(theirs), url]
        with (
            running("gateway", serve, mine, {HOME_VARIABLE: home}) as ours,
            running("pass-through", hand_on, theirs, {"PYTHONPATH": str(ROOT)}) as peer,
        ):
            direct = Server("upstream", url, os.getpid())
            results = asyncio.run(measure((direct, ours, peer), options.requests, options.connections))
    tell(results, only_json=options.json, peer="a bare pass-through")


if __name__ == "__main__":
    main()
