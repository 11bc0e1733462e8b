from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from router_core import semconv
from telemetry.metrics import MOST_SERIES, Metrics
from telemetry.setup import Telemetry
from tests.traces import Attempt, Routed, emit


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as opened:
        yield opened


@pytest.fixture
def metrics(telemetry: Telemetry) -> Iterator[Metrics]:
    made = Metrics("test")
    made.observe_health(telemetry.health)
    telemetry.sink.listen(made.count)
    yield made
    made.close()


def counted(telemetry: Telemetry, *decisions: Routed) -> None:
    """These decisions, kept and counted."""
    told = threading.Event()
    left = [len(decisions)]

    def tell(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            told.set()

    telemetry.sink.listen(tell)
    tracer = telemetry.tracer_provider.get_tracer("test")
    for routed in decisions:
        emit(tracer, routed)
    assert told.wait(60)


def samples(metrics: Metrics, *, buckets: bool = True) -> dict[str, float]:
    """Every sample under its name and its labels, as Prometheus would read it; those of buckets are most of them."""
    lines = metrics.exposition()[0].decode().splitlines(keepends=True)
    text = "".join(line for line in lines if buckets or "_bucket{" not in line)
    return {
        f"{sample.name}{{{','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()) if v)}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_call_is_a_duration_and_its_tokens_under_the_names_of_the_conventions(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", attempts=[Attempt(latency_ms=300.0, ttft_ms=15.0)]))
    found = samples(metrics)
    model = "gen_ai_operation_name=chat,gen_ai_request_model=small"
    call = f"{model},router_branch_kind=model,router_branch_outcome=accepted"
    assert found[f"gen_ai_client_operation_duration_seconds_sum{{{call}}}"] == pytest.approx(0.3)
    first = "gen_ai_client_operation_time_to_first_chunk_seconds"
    assert found[f"{first}_bucket{{{model},le=0.02}}"] == 1
    assert found[f"gen_ai_client_token_usage_sum{{{model},gen_ai_token_type=input}}"] == 20
    assert found[f"gen_ai_client_token_usage_sum{{{model},gen_ai_token_type=output}}"] == 30


def test_escalations_fallbacks_and_retries_are_counted_by_route(telemetry: Telemetry, metrics: Metrics):
    counted(
        telemetry,
        Routed("d1", attempts=[Attempt(outcome="rejected"), Attempt("large")]),
        Routed("d2", attempts=[Attempt(outcome="failed"), Attempt(outcome="failed"), Attempt("large")]),
        Routed("d3"),
    )
    found = samples(metrics)
    assert found["router_escalations_total{router_intent=chat,router_route=chat}"] == 1
    assert found["router_fallbacks_total{router_intent=chat,router_route=chat}"] == 1
    assert found["router_retries_total{gen_ai_request_model=small,router_route=chat}"] == 1
    asked = "router_intent=chat,router_purpose=user,router_route=chat,router_status=ok"
    assert found[f"router_requests_total{{{asked}}}"] == 3


def test_a_failed_call_names_the_kind_of_its_error(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", attempts=[Attempt(outcome="failed", extra={semconv.ERROR_TYPE: "rate_limited"})]))
    call = "error_type=rate_limited,gen_ai_operation_name=chat,gen_ai_request_model=small"
    outcome = "router_branch_kind=model,router_branch_outcome=failed"
    assert samples(metrics)[f"gen_ai_client_operation_duration_seconds_count{{{call},{outcome}}}"] == 1


def test_cost_is_in_dollars_and_an_unknown_one_is_counted_and_not_taken_for_nothing(
    telemetry: Telemetry, metrics: Metrics
):
    counted(
        telemetry,
        Routed("d1", attempts=[Attempt(cost_nano=1_500_000_000)]),
        Routed("d2", attempts=[Attempt("dark", cost_nano=None)]),
    )
    found = samples(metrics)
    rest = "router_branch_kind=model,router_branch_outcome=accepted,router_route=chat"
    assert found[f"router_cost_usd_total{{gen_ai_request_model=small,{rest}}}"] == pytest.approx(1.5)
    assert found[f"router_cost_unknown_total{{gen_ai_request_model=dark,{rest}}}"] == 1
    assert f"router_cost_usd_total{{gen_ai_request_model=dark,{rest}}}" not in found


def test_a_denial_names_its_rule_and_an_exclusion_its_cause(telemetry: Telemetry, metrics: Metrics):
    verdicts = json.dumps([{"rule": "no-secrets", "outcome": "denied", "reason": "a key"}])
    candidates = json.dumps(
        [
            {"model": "far", "excluded_by": "rule:stay-home"},
            {"model": "slow", "excluded_by": "breaker"},
            {"model": "other", "excluded_by": "route"},
            {"model": "small", "excluded_by": None},
        ]
    )
    extra = {semconv.VERDICTS: verdicts, semconv.CANDIDATES: candidates, semconv.ERROR_TYPE: "denied_by_policy"}
    counted(telemetry, Routed("d1", status="denied", attempts=(), extra=extra))
    found = samples(metrics)
    assert found["router_denials_total{router_cause=rule:no-secrets,router_route=chat}"] == 1
    excluded = {name: value for name, value in found.items() if name.startswith("router_guard_exclusions_total")}
    assert excluded == {
        "router_guard_exclusions_total{gen_ai_request_model=far,router_cause=rule:stay-home,router_route=chat}": 1,
        "router_guard_exclusions_total{gen_ai_request_model=slow,router_cause=breaker,router_route=chat}": 1,
    }


def test_a_tool_is_no_call_of_a_model(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", attempts=[Attempt("calculator", kind="tool", cost_nano=0)]))
    found = samples(metrics)
    tool = "gen_ai_tool_name=calculator,router_branch_outcome=accepted"
    assert found[f"gen_ai_execute_tool_duration_seconds_count{{{tool}}}"] == 1
    assert not any(name.startswith("gen_ai_client") for name in found)


def test_what_is_simulated_says_so(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", simulated=True))
    costs = [name for name in samples(metrics) if name.startswith("router_cost_usd_total")]
    assert costs
    assert all("router_simulated=true" in name for name in costs)


def test_neither_a_tenant_nor_what_people_wrote_is_in_any_number(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", tenant="acme-bank", prompt="my password is swordfish"))
    text = metrics.exposition()[0].decode()
    assert "acme" not in text
    assert "swordfish" not in text


def test_traces_of_other_systems_are_theirs_to_count(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1", extra={semconv.SOURCE: "otlp"}))
    assert not any(name.startswith(("gen_ai_client", "router_requests")) for name in samples(metrics))


def test_names_without_end_make_no_series_without_end(telemetry: Telemetry, metrics: Metrics):
    models = [f"model-{n}" for n in range(MOST_SERIES + 200)]
    counted(
        telemetry,
        *(Routed(f"d{n}", attempts=[Attempt(m) for m in models[n : n + 20]]) for n in range(0, len(models), 20)),
    )
    found = samples(metrics, buckets=False)
    series = {name for name in found if name.startswith("gen_ai_client_operation_duration_seconds_count")}
    assert len(series) <= MOST_SERIES + 1, "and one for the rest"
    assert sum(found[name] for name in series) == MOST_SERIES + 200, "none of them is lost"
    costs = [found[name] for name in found if name.startswith("router_cost_usd_total")]
    assert len(costs) == MOST_SERIES
    assert sum(costs) == pytest.approx(1_200e-9 * (MOST_SERIES + 200))


def test_the_number_of_dropped_traces_is_there_while_it_is_0(telemetry: Telemetry, metrics: Metrics):
    found = samples(metrics)
    assert found["router_telemetry_dropped_total{}"] == 0
    assert found["router_telemetry_queued{}"] == 0
    assert found["router_telemetry_spooled{}"] == 0
    assert found["router_telemetry_lag_seconds{}"] == 0


def test_what_became_of_traces_is_told_by_its_state(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1"), Routed("d2"))
    found = samples(metrics)
    assert found["router_telemetry_traces_total{router_state=committed}"] == 2
    assert found["router_telemetry_traces_total{router_state=not_durable}"] == 0


def test_a_listener_that_fails_costs_no_trace(telemetry: Telemetry):
    def fails(*_: object) -> None:
        raise RuntimeError("a fault of a listener")

    telemetry.sink.listen(fails)
    counted(telemetry, Routed("d1"))
    counted(telemetry, Routed("d2"))
    assert telemetry.health().committed == 2


def test_numbers_are_there_for_whoever_scrapes_whatever_is_switched_off(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    metrics = Metrics("test")
    telemetry.sink.listen(metrics.count)
    counted(telemetry, Routed("d1"))
    assert any(name.startswith("router_requests_total") for name in samples(metrics))
    metrics.close()


def test_scrapes_side_by_side_read_the_same_numbers(telemetry: Telemetry, metrics: Metrics):
    counted(telemetry, Routed("d1"))
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(metrics.exposition()[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    requests = {
        line for text in found for line in text.decode().splitlines() if line.startswith("router_requests_total")
    }
    assert len(requests) == 1
    assert all(text.count(b"# TYPE router_requests_total") == 1 for text in found)
