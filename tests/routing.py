"""A real router over scripted models, a manual clock and spans kept in memory.

bench = Bench(policy(), tiny=Replies("Hello."), huge=Replies())
result = await bench.router.aroute(RouteRequest.from_prompt("hi"))
assert bench.decisions == [result.decision.decision_id]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from router_core.clock import ManualClock
from router_core.events import Event
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.providers.scripted import Script
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.sink import DecisionSink
from router_core.state.memory import MemoryStore

START = datetime(2026, 11, 23, 12, tzinfo=UTC)

PRICES = {
    "tiny": 'price = { kind = "tokens", input = "1", output = "2" }',
    "twin": 'price = { kind = "tokens", input = "1", output = "2" }',
    "huge": 'price = { kind = "tokens", input = "10", output = "20" }',
}
"""USD per million tokens: a token that goes in costs 1,000 nano-USD with tiny, 10,000 with huge."""


def policy(
    *,
    validators: Sequence[str] = ("polite",),
    tools: Sequence[str] = (),
    route: str = "",
    model: str = "",
    rules: str = "",
    prices: dict[str, str] = PRICES,
    tiny: str = "",
    huge: str = "",
    tiers: str = '"small", "large"',
    telemetry: str = "",
    probes: str = '"twin"',
    retry: str = "enabled = false",
    resilience: str = "",
    top: str = "",
    tiny_provider: str = 'provider = { kind = "scripted", script = "tiny" }',
) -> LoadedPolicy:
    """Two tiers: tiny and twin are small, huge is large. The texts are put into the file where their names say."""
    text = f"""
format = 1
name = "test"
default_route = "chat"
{top}
tiers = ["small", "large"]

[models.tiny]
tier = "small"
location = "local"
capabilities = ["json"]
{tiny_provider}
{prices.get("tiny", "")}
{model}
{tiny}

[models.twin]
tier = "small"
location = "local"
provider = {{ kind = "scripted", script = "twin" }}
{prices.get("twin", "")}
{model}

[models.huge]
tier = "large"
location = "cloud"
capabilities = ["json"]
provider = {{ kind = "scripted", script = "huge" }}
{prices.get("huge", "")}
{model}
{huge}

[tools.calculator]
kind = "calculator"

[validators.polite]
kind = "refusal"

[validators.second]
kind = "agreement"
probes = [{probes}]

{rules}

[routes.chat]
validators = {_list(validators)}
tools = {_list(tools)}
max_output_tokens = 100
strategy = {{ kind = "cascade", tiers = [{tiers}] }}
{route}

[resilience]
{resilience}

[resilience.retry]
{retry}

[telemetry]
{telemetry}
"""
    return parse_policy(text, Path("test.toml"))


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


class HandClock(ManualClock):
    """A clock that is moved by hand, and all that passes: what the router takes by it is what the router took."""

    goes_by_itself = True


@dataclass
class Bench:
    """A router and what it recorded."""

    loaded: LoadedPolicy
    scripts: dict[str, Script]
    sink: DecisionSink | None = None
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    state: MemoryStore = field(init=False)
    router: Router = field(init=False)

    def __init__(self, loaded: LoadedPolicy, sink: DecisionSink | None = None, **scripts: Script) -> None:
        self.loaded, self.sink, self.scripts = loaded, sink, scripts
        self.clock, self.exporter = HandClock(START), InMemorySpanExporter()
        self.state = MemoryStore(self.clock)
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.router = Router.from_policy(
            loaded, clock=self.clock, scripts=scripts, tracer=provider.get_tracer("test"), sink=sink, state=self.state
        )

    async def events(self, request: RouteRequest | str) -> list[Event]:
        """Every event of one request."""
        wanted = RouteRequest.from_prompt(request) if isinstance(request, str) else request
        return [event async for event in self.router.stream(wanted)]

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def roots(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span.parent is None]

    @property
    def branches(self) -> list[ReadableSpan]:
        return [span for span in self.spans if semconv.BRANCH_INDEX in (span.attributes or {})]

    @property
    def root(self) -> ReadableSpan:
        """The one root span that every request must have left."""
        (root,) = self.roots
        return root

    @property
    def decisions(self) -> list[str]:
        return [str((root.attributes or {})[semconv.DECISION_ID]) for root in self.roots]
