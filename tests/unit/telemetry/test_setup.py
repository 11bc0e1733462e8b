from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from telemetry.errors import RedactionMissing, UnsupportedDatabase
from telemetry.query.decision import decision
from telemetry.setup import Telemetry
from tests.traces import Routed, emit


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 't.db'}"


def test_the_global_tracer_provider_is_left_alone(tmp_path: Path):
    before = trace.get_tracer_provider()
    with Telemetry.open(url(tmp_path), home=tmp_path) as telemetry:
        assert trace.get_tracer_provider() is before is not telemetry.tracer_provider


def test_a_callers_unsampled_span_does_not_erase_a_decision(tmp_path: Path):
    unsampled = NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0)))
    with Telemetry.open(url(tmp_path), home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        span = tracer.start_span("route x", context=trace.set_span_in_context(unsampled))
        assert span.is_recording()


def test_a_span_of_many_and_long_attributes_is_not_cut(tmp_path: Path):
    extra = {f"router.extra.{number}": "x" * 5000 for number in range(300)}
    with Telemetry.open(url(tmp_path), home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1", extra=extra))
        assert telemetry.sink.force_flush(60_000)
        found = decision(telemetry.engine, "d1")
    assert found is not None
    assert {name: found.spans[0].attributes[name] for name in extra} == extra


def test_no_variable_of_opentelemetry_keeps_a_decision_from_being_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    variables = {
        "OTEL_SDK_DISABLED": "true",
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "5",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "5",
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "3",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3",
        "OTEL_SPAN_LINK_COUNT_LIMIT": "0",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Telemetry.open(url(tmp_path), home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"))
        assert telemetry.sink.force_flush(60_000)
        found = decision(telemetry.engine, "d1")
    assert found is not None
    assert found.document["reason"] == "the first answer was good enough"
    assert found.document["signals"] == {"intent": "chat", "words": 5}


def test_redacted_content_needs_a_function_before_anything_is_opened(tmp_path: Path):
    with pytest.raises(RedactionMissing):
        Telemetry.open(url(tmp_path), home=tmp_path, content="redacted")
    assert list(tmp_path.iterdir()) == []


def test_another_database_is_refused(tmp_path: Path):
    with pytest.raises(UnsupportedDatabase):
        Telemetry.open("mysql://host/name", home=tmp_path)
