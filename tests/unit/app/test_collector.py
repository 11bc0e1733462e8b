from __future__ import annotations

import logging

import pytest

from app.collector import Outlets, outlets
from router_core.policy.schema import CollectorEntry
from telemetry.collector import Collector

HERE = "http://127.0.0.1:4318"


def entry(**more: object) -> CollectorEntry:
    return CollectorEntry.model_validate({"endpoint": HERE, **more})


def traces(found: Outlets) -> Collector:
    collector = found.get("traces")
    assert collector is not None
    return collector


def test_without_a_word_nothing_is_sent():
    assert outlets(None, {}).by_signal == {}


def test_the_policy_names_a_collector_and_what_it_gets():
    found = outlets(entry(signals=["traces", "metrics"]), {})
    assert traces(found).endpoint == f"{HERE}/v1/traces"
    assert found.by_signal["metrics"].endpoint == f"{HERE}/v1/metrics"
    assert found.get("logs") is None


def test_headers_come_from_the_variable_that_the_policy_names():
    found = outlets(entry(headers_env="TEAM_HEADERS"), {"TEAM_HEADERS": "Authorization=Bearer%20abc, x-team = search"})
    assert traces(found).headers == {"authorization": "Bearer abc", "x-team": "search"}


def test_a_variable_that_is_not_set_is_named(caplog: pytest.LogCaptureFixture):
    assert traces(outlets(entry(headers_env="TEAM_HEADERS"), {})).headers == {}
    assert "TEAM_HEADERS is not set" in caplog.text


def test_opentelemetrys_own_variables_beat_the_policy():
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example/otlp/",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=k",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
    }
    found = traces(outlets(entry(headers_env="IGNORED"), environ))
    assert found.endpoint == "https://collector.example/otlp/v1/traces"
    assert (found.headers, found.compression, found.timeout_s) == ({"x-key": "k"}, "none", 2.5)


def test_an_endpoint_for_one_signal_is_taken_as_it_stands():
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{HERE}/anywhere",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{HERE}/logs",
    }
    found = outlets(None, environ)
    assert traces(found).endpoint == f"{HERE}/anywhere"
    assert found.by_signal["logs"].endpoint == f"{HERE}/logs"
    assert found.get("metrics") is None


def test_variables_alone_send_traces_and_what_they_name():
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE}
    assert set(outlets(None, environ).by_signal) == {"traces"}
    assert set(outlets(None, {**environ, "OTEL_METRICS_EXPORTER": "otlp"}).by_signal) == {"traces", "metrics"}
    assert set(outlets(None, {**environ, "OTEL_TRACES_EXPORTER": "none"}).by_signal) == set()
    assert set(outlets(entry(), {"OTEL_SDK_DISABLED": "true"}).by_signal) == set()


def test_a_protocol_that_is_not_spoken_is_said_and_nothing_is_sent(caplog: pytest.LogCaptureFixture):
    found = outlets(entry(), {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert found.by_signal == {}
    assert "set it to http/protobuf" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.parametrize(
    "endpoint", ["", "collector:4318", "ftp://collector", "http://user:secret@collector", "http://", "http://a b"]
)
def test_what_is_no_address_or_holds_a_password_is_refused(endpoint: str):
    with pytest.raises(ValueError, match="endpoint"):
        entry(endpoint=endpoint)


@pytest.mark.parametrize("timeout", ["", "soon", "0", "-5", "1.5"])
def test_a_timeout_that_is_no_number_of_milliseconds_is_left_aside(timeout: str):
    assert traces(outlets(entry(timeout_s=4), {"OTEL_EXPORTER_OTLP_TIMEOUT": timeout})).timeout_s == 4
