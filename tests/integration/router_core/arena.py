"""Real requests through a real router to scripted upstreams, and all that is known of them afterwards.

    with Arena(folder) as arena, Upstream() as upstream:
        upstream.plays(up.status(500))
        router = arena.router(policy(model("first", "small", "openai", upstream.base_url)))
        played = arena.play("aroute", router)
        assert [row.error_type for row in played.branches] == ["upstream_failure"]

Decisions go through telemetry into SQLite; each request is its own tenant, and its rows are found by that.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from router_core.clock import Clock, SystemClock
from router_core.errors import RouteScopeError
from router_core.events import Event, to_json
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.request import Context, Message, RouteRequest
from router_core.result import RouteResult
from router_core.router import Router
from router_core.run import Run
from telemetry.setup import Telemetry
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN

Mode: TypeAlias = Literal["aroute", "route", "stream", "leave"]
"""``leave``: stream until the first token, then go."""
Kind: TypeAlias = Literal["openai", "litellm"]

MODES: tuple[Mode, ...] = ("aroute", "route", "stream")
KINDS: tuple[Kind, ...] = ("openai", "litellm")

KEY = "matrix4711thekeyofthematrix"
"""Unlike any provider's keys, so that only who knows it can take it out."""
KEY_VARIABLE = "ROUTESCOPE_MATRIX_KEY"

SECOND = "From the second."
"""What the healthy upstream answers."""
PROMPT = "What is the capital of France?"


def model(
    name: str, tier: str, kind: Kind, url: str, *, timeout_s: float = 5.0, priced: bool = True, more: str = ""
) -> str:
    """One model of a policy, calling ``url``."""
    upstream = "openai/upstream-1" if kind == "litellm" else "upstream-1"
    price = 'price = { kind = "tokens", input = "1", output = "2" }' if priced else ""
    return f"""
[models.{name}]
tier = "{tier}"
location = "cloud"
timeout_s = {timeout_s}
provider = {{ kind = "{kind}", base_url = "{url}", model = "{upstream}", api_key_env = "{KEY_VARIABLE}" }}
{price}
{more}
"""


ONE_ATTEMPT = "[resilience.retry]\nenabled = false"


def policy(
    *models: str, tiers: Sequence[str] = ("small",), route: str = "deadline_s = 60", resilience: str = ONE_ATTEMPT
) -> LoadedPolicy:
    """A policy of these models and one route. Nothing is tried twice unless ``resilience`` says so.

    Time runs out only where ``route`` gives little of it: a busy machine may take seconds over any call.
    """
    names = ", ".join(f'"{tier}"' for tier in tiers)
    text = f"""
format = 1
name = "matrix"
default_route = "chat"
tiers = ["small", "large"]
{"".join(models)}
[routes.chat]
max_output_tokens = 64
strategy = {{ kind = "cascade", tiers = [{names}] }}
{route}

{resilience}

[telemetry]
content = "full"
"""
    return parse_policy(text, Path("matrix.toml"))


class Forwarded(SystemClock):
    """The machine's own clock, which a test may put forward between two requests."""

    def __init__(self) -> None:
        self.by_s = 0.0

    def time_ns(self) -> int:
        return super().time_ns() + round(self.by_s * 1e9)

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + round(self.by_s * 1e9)


class Watched(Router):
    """A router that remembers its runs: their ledgers and errors can be looked at afterwards."""

    runs: list[Run]

    def _begin(self, *args: Any, **named: Any) -> Run:
        run = super()._begin(*args, **named)
        self.__dict__.setdefault("runs", []).append(run)
        return run


@dataclass
class Played:
    """One request, and what it left behind."""

    mode: Mode
    elapsed_s: float
    run: Run
    text: str | None = None
    """The answer that the caller got."""
    error: RouteScopeError | None = None
    events: list[Event] = field(default_factory=list)
    decisions: list[sa.Row[Any]] = field(default_factory=list)
    branches: list[sa.Row[Any]] = field(default_factory=list)
    evidence: str = ""
    """Spans, rows, logs, events, and what the caller caught or got: everything anybody may ever read of it."""

    @property
    def decision(self) -> sa.Row[Any]:
        """The one decision that there must be."""
        (decision,) = self.decisions
        return decision

    @property
    def code(self) -> str | None:
        """The code of the error that the caller was told of."""
        if self.error is not None:
            return self.error.code
        return next((event.code for event in self.events if event.type == "failed"), None)


class Arena:
    """A store, and a loop that lives as long as it does. ``route`` makes loops of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tenants = count()
        self._patch = pytest.MonkeyPatch()
        self._exporter = InMemorySpanExporter()
        self._log = io.StringIO()
        self._runner = asyncio.Runner()

    def __enter__(self) -> Arena:
        self._patch.setenv(KEY_VARIABLE, KEY)
        self.telemetry = Telemetry.open(
            f"sqlite:///{self._folder / 'matrix.db'}", home=self._folder / "home", content="full"
        )
        self.telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()
        assert self.telemetry.close()
        self._patch.undo()

    def router(self, loaded: LoadedPolicy, clock: Clock | None = None) -> Watched:
        """A fresh router, with no memory of earlier faults."""
        tracer = self.telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
        return Watched.from_policy(loaded, tracer=tracer, sink=self.telemetry.sink, clock=clock or SystemClock())

    def play(self, mode: Mode, router: Watched, **context: Any) -> Played:
        """Route one request in this mode, and gather all that it left."""
        tenant = f"cell-{next(self._tenants)}"
        request = RouteRequest((Message("user", PROMPT),), context=Context(tenant=tenant, **context))
        self._exporter.clear()
        self._log = io.StringIO()
        handler = logging.StreamHandler(self._log)
        handler.setLevel(logging.DEBUG)
        logging.getLogger().addHandler(handler)
        try:
            played = self._route(mode, router, request)
        finally:
            logging.getLogger().removeHandler(handler)
        self._gather(played, tenant, router)
        return played

    def together(self, router: Watched, requests: int) -> list[RouteResult | RouteScopeError]:
        """Route as many requests at once on the arena's own loop; what each came to."""

        async def all_of_them() -> list[RouteResult | RouteScopeError]:
            jobs = [router.aroute(RouteRequest((Message("user", PROMPT),))) for _ in range(requests)]
            try:
                return await asyncio.gather(*jobs, return_exceptions=True)  # type: ignore[return-value]
            finally:
                await router.aclose()

        return self._runner.run(all_of_them())

    def _route(self, mode: Mode, router: Watched, request: RouteRequest) -> Played:
        text, caught, events = None, None, []
        began = time.monotonic()
        try:
            if mode in ("stream", "leave"):
                events = self._runner.run(_collect(router.stream(request), leaves=mode == "leave"))
                text = next((event.text for event in events if event.type == "answer"), None)
            else:
                result: RouteResult
                result = router.route(request) if mode == "route" else self._runner.run(router.aroute(request))
                text = result.text
        except RouteScopeError as error:
            caught = error
        elapsed_s = time.monotonic() - began
        if mode != "route":
            self._runner.run(router.aclose())
        return Played(mode, elapsed_s, router.runs[-1], text, caught, events)

    def _gather(self, played: Played, tenant: str, router: Watched) -> None:
        assert self.telemetry.sink.force_flush()
        with self.telemetry.engine.connect() as connection:
            played.decisions = list(connection.execute(sa.select(REQUEST).where(REQUEST.c.tenant == tenant)))
            of_it = [row.trace_id for row in played.decisions]
            played.branches = list(
                connection.execute(sa.select(BRANCH).where(BRANCH.c.tenant == tenant).order_by(BRANCH.c.branch_index))
            )
            others = [
                row
                for table in (SPAN, CONTENT)
                for row in connection.execute(sa.select(table).where(table.c.trace_id.in_(of_it)))
            ]
        trace = "" if played.error is None else _in_full(played.error)
        parts = [
            *(span.to_json() for span in self._exporter.get_finished_spans()),
            *(str(row) for row in [*played.decisions, *played.branches, *others]),
            *(to_json(event) for event in played.events),
            *(repr(event) for event in played.events),
            repr(vars(router)),
            # Nobody is handed these, so what counts is what they say, not what their frames still hold.
            *(f"{branch.error} {branch.error!r}" for branch in played.run.branches),
            self._log.getvalue(),
            trace,
            repr(played.run),
        ]
        played.evidence = "\n".join(parts)


def _in_full(error: BaseException) -> str:
    """The error as the chattiest of reporters would show it: the chain, and the names of variables with values."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


async def _collect(stream: AsyncGenerator[Event], *, leaves: bool) -> list[Event]:
    seen: list[Event] = []
    async with aclosing(stream) as events:
        async for event in events:
            seen.append(event)
            if leaves and event.type == "token":
                break
    return seen


def assert_sound(played: Played) -> None:
    """What holds of every request, whatever happened to it."""
    decision, branches = played.decision, played.branches
    assert len(branches) == decision.branches == len(played.run.branches)
    costs = [row.cost_nano for row in branches]
    assert decision.cost_nano == (None if None in costs else sum(costs)), "the decision costs what its branches cost"
    held = [branch.reservation for branch in played.run.branches]
    assert all(reservation is not None and not reservation.open for reservation in held), "all reserves are settled"
    settled = sum(
        (reservation.nano or 0) if cost is None else cost  # type: ignore[union-attr]
        for cost, reservation in zip(costs, held, strict=True)
    )
    assert played.run.ledger.spent_nano == settled, "the ledger counts what the rows say"
    assert KEY not in played.evidence
