"""Finished traces become rows without keys, each for itself."""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from router_core.redaction import redact_secrets
from telemetry.bundler import Bundler
from telemetry.content import ContentPolicy
from telemetry.rows import Bundle
from telemetry.tracer import DecisionTracerProvider
from tests.traces import Routed, emit

SECRET = "sk-proj-" + "a1B2c3D4e5" * 3


def spans_of(routed: Routed):
    exporter, provider = InMemorySpanExporter(), DecisionTracerProvider(Resource({}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), routed)
    return exporter.get_finished_spans()


def decision(name: str, reason: str = "as planned"):
    return spans_of(Routed(name, extra={semconv.REASON: reason}))


def reasons(bundles):
    return [bundle and bundle.requests[0]["reason"] for bundle in bundles]


def test_each_trace_has_its_rows_in_the_order_of_the_traces():
    bundles = Bundler(ContentPolicy(), redact_secrets).bundles([decision("a"), decision("b")])
    assert [bundle and bundle.requests[0]["decision_id"] for bundle in bundles] == ["a", "b"]


def test_a_key_in_one_trace_is_masked_and_the_others_stay_as_they_are():
    bundles = Bundler(ContentPolicy(), redact_secrets).bundles(
        [decision("a"), decision("b", f"the upstream said {SECRET}"), decision("c", "fine")]
    )
    assert reasons(bundles) == ["as planned", "the upstream said [api_key-1]", "fine"]


def test_a_key_is_found_among_more_text_than_is_asked_about_at_once():
    long = [decision(str(number), f"{number} " + "words " * 2_000) for number in range(6)]
    bundles = Bundler(ContentPolicy(), redact_secrets).bundles([*long, decision("last", SECRET)])
    assert reasons(bundles)[-1] == "[api_key-1]"


def test_a_trace_of_which_no_rows_can_be_made_takes_no_other_with_it():
    def impossible(policy: ContentPolicy) -> Bundle:
        raise ValueError("no rows in here")

    bundles = Bundler(ContentPolicy(), None).bundles([decision("a"), impossible, decision("b")])
    assert [bundle is None for bundle in bundles] == [False, True, False]


def test_without_a_function_for_keys_texts_stay_as_they_are():
    assert reasons(Bundler(ContentPolicy(), None).bundles([decision("a", SECRET)])) == [SECRET]
