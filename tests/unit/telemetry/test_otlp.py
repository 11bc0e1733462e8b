from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from telemetry import otlp
from telemetry.errors import InvalidOtlp, OtlpError, OtlpTooLarge
from telemetry.otlp import LARGEST_BODY, MOST_ATTRIBUTES, MOST_SPANS, Received, inflate, read
from tests.otlp import LITELLM, as_json, request, span

NOW = time.time_ns()


def protobuf(*spans: Any, **more: Any) -> Received:
    return read(request(*spans, **more).SerializeToString(), "protobuf", time.time_ns())


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def _message(field: int, body: bytes) -> bytes:
    """A message inside another, on the wire."""
    size, length = len(body), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([field << 3 | 2]) + length + bytes([size]) + body


def test_protobuf_and_json_say_the_same():
    body = request(span({**LITELLM, "list": ["a", 1, {"b": 2.5}]}, parent=9))
    (first,) = read(body.SerializeToString(), "protobuf", time.time_ns()).spans
    (second,) = read(as_json(body), "json", time.time_ns()).spans
    assert first.attributes == second.attributes
    assert first.context == second.context
    assert first.parent == second.parent
    assert (first.start_time, first.end_time) == (second.start_time, second.end_time)
    assert first.kind is second.kind is SpanKind.CLIENT
    assert first.attributes is not None
    assert first.attributes["list"] == ["a", 1, {"b": 2.5}]
    assert first.resource.attributes["service.name"] == "litellm"


@pytest.mark.parametrize(
    "more",
    [
        {"trace_id": b""},
        {"trace_id": b"\0" * 16},
        {"trace_id": b"short"},
        {"span_id": b"\0" * 8},
        {"span_id": b"much too long"},
        {"parent_span_id": b"bad"},
        {"start_time_unix_nano": 0},
        {"start_time_unix_nano": (1 << 64) - 1},
        {"end_time_unix_nano": 1},
        {"end_time_unix_nano": (1 << 64) - 1},
    ],
)
def test_a_span_that_cannot_be_right_is_left_out_and_the_others_are_taken(more: dict[str, Any]):
    received = protobuf(span(LITELLM, **more), span(LITELLM, 2))
    assert (len(received.spans), received.rejected) == (1, 1)
    assert received.why.startswith("a span")


def test_too_many_attributes_cost_their_span_alone():
    received = protobuf(span({f"a{n}": n for n in range(MOST_ATTRIBUTES + 1)}), span(LITELLM, 2))
    assert (len(received.spans), received.rejected) == (1, 1)
    assert "513 attributes; at most 512" in received.why


def test_an_attribute_nested_too_deeply_costs_its_span():
    assert protobuf(span({"a": nested(10)})).rejected == 0
    assert "nested deeper" in protobuf(span({"a": nested(20)})).why


def test_nesting_without_end_is_refused_in_one_sentence():
    value = b"\x0a\x01x"
    for _ in range(5000):
        value = _message(5, _message(1, value))
    with pytest.raises(InvalidOtlp, match="no ExportTraceServiceRequest"):
        read(_message(1, _message(2, _message(2, _message(9, _message(2, value))))), "protobuf", NOW)
    with pytest.raises(InvalidOtlp):
        read(b'{"resourceSpans":' * 100_000, "json", NOW)
    with pytest.raises(OtlpError):
        read(b'{"a":' + b"[" * 300 + b"]" * 300 + b',"resourceSpans":' + b"[" * 99 + b"]" * 99 + b"}", "json", NOW)


def test_more_spans_than_a_body_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(otlp, "MOST_SPANS", 3)
    with pytest.raises(OtlpTooLarge, match="4 spans; at most 3"):
        protobuf(*(span({}, number) for number in range(1, 5)))
    assert MOST_SPANS > 512, "what an SDK sends at once"


def test_values_without_end_are_refused():
    with pytest.raises(OtlpTooLarge, match="values"):
        protobuf(span({"a": list(range(otlp.MOST_VALUES))}))
    with pytest.raises(OtlpTooLarge, match="values"):
        read(json.dumps({"resourceSpans": [{}] * (otlp.MOST_VALUES + 1)}).encode(), "json", NOW)


def test_spans_of_our_own_are_not_counted_twice():
    received = protobuf(span(LITELLM), scope="routescope")
    assert received.spans == []
    assert "counted twice" in received.why


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"resourceSpans": 3}', b'{"resourceSpans": [7]}']
)
def test_what_is_no_otlp_in_json_is_refused(body: bytes):
    with pytest.raises(InvalidOtlp):
        read(body, "json", NOW)


@pytest.mark.parametrize("body", [b"\xff", b"<html></html>", b"\x0a\x05abc"])
def test_what_is_no_otlp_in_protobuf_is_refused(body: bytes):
    with pytest.raises(InvalidOtlp):
        read(body, "protobuf", NOW)


@pytest.mark.parametrize("identifier", ["zz" * 16, "", 7, None, ["a"], "ab" * 15, "\ud800" * 32])
def test_an_id_in_json_that_is_no_hexadecimal_costs_its_span(identifier: Any):
    document = json.loads(as_json(request(span(LITELLM), span(LITELLM, 2))))
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = identifier
    received = read(json.dumps(document).encode(), "json", time.time_ns())
    assert (len(received.spans), received.rejected) == (1, 1)


def test_a_lone_surrogate_is_refused_and_the_sentence_does_not_quote_it():
    body = as_json(request(span({"a": "swordfish PLACE"}))).replace(b"PLACE", b"\\ud800")
    with pytest.raises(InvalidOtlp) as refused:
        read(body, "json", NOW)
    assert "swordfish" not in str(refused.value)


def test_a_body_of_several_gzip_members_is_one_body():
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


def test_a_bomb_is_refused_before_it_is_inflated():
    bomb = gzip.compress(b"\0" * (LARGEST_BODY * 20))
    with pytest.raises(OtlpTooLarge, match="when inflated"):
        inflate(bomb)
    half = gzip.compress(b"\0" * (LARGEST_BODY // 2 + 1))
    with pytest.raises(OtlpTooLarge):
        inflate(half + half)


# Named, since a name made of the bytes would hold the second in which they were compressed.
@pytest.mark.parametrize(
    "body",
    [b"plain", gzip.compress(b"whole")[:-9], gzip.compress(b"x") + b"trailing"],
    ids=["not compressed", "cut short", "trailing bytes"],
)
def test_what_is_no_whole_gzip_is_refused(body: bytes):
    with pytest.raises(InvalidOtlp):
        inflate(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_spans_or_one_sentence(body: bytes):
    for encoding in ("protobuf", "json"):
        try:
            read(body, encoding, NOW)  # type: ignore[arg-type]
        except OtlpError as error:
            assert "\n" not in str(error)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "resource",
                    "attributes",
                    "scopeSpans",
                    "spans",
                    "traceId",
                    "key",
                    "value",
                    "status",
                    "name",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_is_spans_or_one_sentence(document: Any):
    try:
        read(json.dumps(document).encode(), "json", NOW)
    except OtlpError as error:
        assert "\n" not in str(error)
