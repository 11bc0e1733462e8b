"""What Prometheus scrapes and collectors get as numbers: OpenTelemetry instruments, fed from the rows of each trace.

The writer thread counts a trace after it is kept, so that no request waits for its own numbers. Attributes are names
that a policy gives or that are a closed list: never a tenant, never what people wrote. Each stream of numbers has at
most `MOST_SERIES` series; what comes beyond them is counted under ``otel_metric_overflow``, by the SDK.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    MeterProvider,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from router_core import semconv
from telemetry.cells import records
from telemetry.health import Health
from telemetry.processor import CommitState
from telemetry.rows import Bundle, Row
from telemetry.text import from_json

Labels: TypeAlias = dict[str, str]
Observed: TypeAlias = Iterable[tuple[float, Mapping[str, str]]]
"""Values with their attributes."""

MOST_SERIES: Final = 1000

_KINDS = (Counter, UpDownCounter, Histogram, ObservableCounter, ObservableUpDownCounter, ObservableGauge)
# The boundaries that the GenAI conventions advise (metrics, status Development).
_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = tuple(float(4**power) for power in range(14))
_OWN_SECONDS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
"""For what takes the router itself milliseconds."""
_NOT_THE_GUARDS: Final = frozenset({"route", "plan"})
"""Why a model was not asked although nothing was against it."""
_OVERFLOW: Final = (("otel.metric.overflow", "true"),)
_NANO: Final = 1e9


class Metrics:
    """The instruments of one process. `count` is for one thread, the writer's; all else for any."""

    def __init__(self, service_name: str, readers: Sequence[MetricReader] = ()) -> None:
        """``readers``: who is to get the numbers besides `exposition`; they are shut down with this."""
        # Here, since only a gateway is ever scraped.
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry

        self._registry = CollectorRegistry()
        scraped = PrometheusMetricReader(
            registry=self._registry,
            disable_target_info=True,
            scope_info_enabled=False,
            cardinality_limits=dict.fromkeys(_KINDS, MOST_SERIES),
        )
        self._provider = MeterProvider(
            metric_readers=[scraped, *readers],
            resource=Resource({"service.name": service_name}),
            shutdown_on_exit=False,
        )
        # OTEL_SDK_DISABLED is about what leaves a program; whoever scrapes asks for it.
        self._provider._disabled = False
        self._scraping = threading.Lock()
        meter = self.meter = self._provider.get_meter(semconv.INSTRUMENTATION_NAME, semconv.SCHEMA_VERSION)
        self._calls = _histogram(meter, semconv.METRIC_OPERATION_DURATION, "s", "Duration of calls of models", _SECONDS)
        self._tools = _histogram(meter, semconv.METRIC_TOOL_DURATION, "s", "Duration of tools", _SECONDS)
        self._lookups = _Total(
            meter, semconv.METRIC_CACHE_LOOKUPS, "{request}", "Looks into the cache, by their result"
        )
        self._first = _histogram(meter, semconv.METRIC_FIRST_CHUNK, "s", "Time to the first text of a call", _SECONDS)
        self._tokens = _histogram(meter, semconv.METRIC_TOKEN_USAGE, "{token}", "Tokens of a call", _TOKENS)
        self._requests = _Total(meter, semconv.METRIC_REQUESTS, "{request}", "Decisions")
        self._durations = _histogram(meter, semconv.METRIC_REQUEST_DURATION, "s", "Request in to settled", _SECONDS)
        self._overheads = _histogram(meter, semconv.METRIC_OVERHEAD, "s", "What the router itself took", _OWN_SECONDS)
        self._cost = _Total(meter, semconv.METRIC_COST, "{USD}", "What branches cost, as far as it is known")
        self._unknown = _Total(meter, semconv.METRIC_COST_UNKNOWN, "{branch}", "Branches of unknown cost")
        self._escalations = _Total(meter, semconv.METRIC_ESCALATIONS, "{request}", "Requests that escalated")
        self._fallbacks = _Total(meter, semconv.METRIC_FALLBACKS, "{request}", "Requests that fell back")
        self._denials = _Total(meter, semconv.METRIC_DENIALS, "{request}", "Requests that were denied")
        self._exclusions = _Total(
            meter,
            semconv.METRIC_EXCLUSIONS,
            "{model}",
            "Models that rules, budgets, breakers or facts took out of a request",
        )
        self._retries = _Total(meter, semconv.METRIC_RETRIES, "{branch}", "Calls of a model asked before")

    # --- in the writer thread -----------------------------------------------------------------------------------

    def count(self, bundle: Bundle, state: CommitState) -> None:
        """Add one trace: a listener of the processor. Traces of other systems are theirs to count."""
        for request in bundle.requests:
            if request["source"] == "router":
                self._count_request(request)
                self._count_branches(request, bundle.branches)
        for span in bundle.spans:
            if span["name"] == semconv.SPAN_CACHE:
                self._count_lookup(span)

    def _count_request(self, request: Row) -> None:
        route = {semconv.ROUTE: request["route"]}
        asked = {**route, semconv.INTENT: request["intent"], **_simulated(request)}
        ended: Labels = {**route, semconv.STATUS: request["status"]}
        failed = {semconv.ERROR_TYPE: request["error_type"]} if request["error_type"] else {}
        purpose = {semconv.PURPOSE: request["purpose"]}
        self._requests.add(1, {**asked, **purpose, semconv.STATUS: request["status"], **failed})
        self._durations.record(request["latency_ms"] / 1e3, ended)
        if request["overhead_ms"] is not None:
            self._overheads.record(request["overhead_ms"] / 1e3, route)
        if request["escalated"]:
            self._escalations.add(1, asked)
        if request["fell_back"]:
            self._fallbacks.add(1, asked)
        if request["status"] == "denied":
            self._denials.add(1, {**route, semconv.CAUSE: _denied_by(request)})
        for candidate in records(request["candidates"]):
            cause = candidate.get("excluded_by") if isinstance(candidate, dict) else None
            if isinstance(cause, str) and cause not in _NOT_THE_GUARDS:
                model = {semconv.REQUEST_MODEL: str(candidate.get("model"))}
                self._exclusions.add(1, {**route, **model, semconv.CAUSE: cause})

    def _count_branches(self, request: Row, branches: Sequence[Row]) -> None:
        asked: set[str] = set()
        for branch in sorted(branches, key=lambda row: row["branch_index"]):
            if branch["kind"] == "cache":
                self._lookups.add(1, {semconv.ROUTE: request["route"], semconv.CACHE_RESULT: "hit"})
                continue
            if branch["kind"] == "tool":
                outcome = {semconv.TOOL_NAME: branch["model"], semconv.BRANCH_OUTCOME: branch["outcome"]}
                self._tools.record(branch["latency_ms"] / 1e3, outcome)
                continue
            self._count_call(branch)
            if branch["kind"] == "model":
                if branch["model"] in asked:
                    self._retries.add(1, {semconv.ROUTE: request["route"], semconv.REQUEST_MODEL: branch["model"]})
                asked.add(branch["model"])

    def _count_lookup(self, span: Row) -> None:
        """A look that found nothing; one that found the answer is a branch."""
        said: dict[str, Any] = from_json(span["attributes"], {})
        self._lookups.add(1, {key: str(said.get(key, "")) for key in (semconv.ROUTE, semconv.CACHE_RESULT)})

    def _count_call(self, branch: Row) -> None:
        model: Labels = {
            semconv.OPERATION_NAME: "chat",
            semconv.PROVIDER_NAME: branch["provider"] or "",
            semconv.REQUEST_MODEL: branch["model"],
        }
        failed = {semconv.ERROR_TYPE: branch["error_type"]} if branch["error_type"] else {}
        kind = {semconv.BRANCH_KIND: branch["kind"], semconv.BRANCH_OUTCOME: branch["outcome"]}
        self._calls.record(branch["latency_ms"] / 1e3, {**model, **kind, **failed})
        if branch["ttft_ms"] is not None:
            self._first.record(branch["ttft_ms"] / 1e3, model)
        for side in ("input", "output"):
            tokens = branch[f"{side}_tokens"]
            if tokens is not None:
                self._tokens.record(tokens, {**model, semconv.TOKEN_TYPE: side})
        spent: Labels = {semconv.ROUTE: branch["route"], semconv.REQUEST_MODEL: branch["model"], **kind}
        spent |= _simulated(branch)
        if branch["cost_nano"] is None:
            self._unknown.add(1, spent)
        else:
            self._cost.add(max(branch["cost_nano"], 0) / _NANO, spent)

    # --- what is looked up when it is asked for -----------------------------------------------------------------

    def observe_health(self, health: Callable[[], Health]) -> None:
        """Tell how well decisions are kept. The number of dropped ones is there when it is 0, too."""
        self.observe(semconv.METRIC_QUEUED, "{trace}", "In memory, not yet kept", lambda: [(health().queued, {})])
        self.observe(
            semconv.METRIC_SPOOLED,
            "{trace}",
            "On the spool, not yet in the database",
            lambda: _one(health().spool_waiting),
        )
        self.observe(semconv.METRIC_LAG, "s", "Age of the oldest trace in memory", lambda: _one(health().lag_ms / 1e3))
        self.observe(
            semconv.METRIC_TRACES, "{trace}", "Traces by what became of them", lambda: _fates(health()), total=True
        )
        self.observe(
            semconv.METRIC_DROPPED,
            "{trace}",
            "Traces that could be kept nowhere",
            lambda: _one(health().not_durable + health().abandoned),
            total=True,
        )

    def observe(
        self, name: str, unit: str, description: str, look: Callable[[], Observed], *, total: bool = False
    ) -> None:
        """An instrument that is read when somebody asks, from whatever thread that is; ``total``: it only rises."""

        def read(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(value, labels) for value, labels in look()]

        if total:
            self.meter.create_observable_counter(name, [read], unit, description)
        else:
            self.meter.create_observable_gauge(name, [read], unit, description)

    def exposition(self) -> tuple[bytes, str]:
        """All numbers in Prometheus' text format, and its content type. Takes milliseconds: not for an event loop."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        # The reader keeps what it has collected between two calls of its own: one scrape at a time.
        with self._scraping:
            return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def close(self, timeout_s: float = 2.0) -> None:
        """Give the readers the last numbers, and let go of them."""
        within(timeout_s, self._provider.shutdown)


def within(seconds: float, do: Callable[[], object]) -> None:
    """Do it, and no longer wait for it than that: exporters hold on to a collector that is away for longer."""
    thread = threading.Thread(target=do, name="routescope-close", daemon=True)
    thread.start()
    thread.join(seconds)


class _Total:
    """A counter that is added up here and read when somebody asks: a tenth of what the SDK takes to add."""

    def __init__(self, meter: Meter, name: str, unit: str, description: str) -> None:
        self._sums: dict[tuple[tuple[str, str], ...], float] = {}
        meter.create_observable_counter(name, [self._read], unit, description)

    def add(self, amount: float, labels: Labels) -> None:
        """For one thread. Beyond `MOST_SERIES` all else is one series, named as the SDK names it."""
        key = tuple(labels.items())
        if key not in self._sums and len(self._sums) >= MOST_SERIES - 1:
            key = _OVERFLOW
        self._sums[key] = self._sums.get(key, 0) + amount

    def _read(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(total, dict(key)) for key, total in self._sums.copy().items()]


def _histogram(meter: Meter, name: str, unit: str, description: str, bounds: Sequence[float]) -> Any:
    return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=bounds)


def _one(value: float) -> Observed:
    return [(value, {})]


def _fates(health: Health) -> Observed:
    fates = {
        "committed": health.committed,
        "spooled": health.spooled,
        "not_durable": health.not_durable,
        "refused": health.refused,
        "abandoned": health.abandoned,
    }
    return [(count, {semconv.STATE: fate}) for fate, count in fates.items()]


def _simulated(row: Row) -> Labels:
    """A label for what must not be mistaken for money and traffic; without it nothing was simulated."""
    return {semconv.SIMULATED: "true"} if row["simulated"] else {}


def _denied_by(request: Row) -> str:
    for verdict in records(request["verdicts"]):
        if isinstance(verdict, dict) and verdict.get("outcome") == "denied":
            return f"rule:{verdict.get('rule')}"
    return str(request["error_type"] or "")
