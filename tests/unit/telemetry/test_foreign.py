from __future__ import annotations

import json
import time
from typing import Any

import pytest

from router_core import semconv
from telemetry.content import ContentMode, ContentPolicy
from telemetry.foreign import rows_of
from telemetry.otlp import read
from telemetry.rows import Bundle
from tests.otlp import ANSWER, LITELLM, OPENINFERENCE, OPENLLMETRY, PROMPT, request, span

FORMS = [LITELLM, OPENLLMETRY, OPENINFERENCE]


def bundle(*spans: Any, content: ContentMode = "off", service: str = "litellm") -> Bundle:
    received = read(request(*spans, service=service).SerializeToString(), "protobuf", time.time_ns())
    assert received.rejected == 0
    return rows_of(received.spans, ContentPolicy(content, lambda text: text.replace("swordfish", "[fish]")), "default")


@pytest.mark.parametrize("attributes", FORMS)
def test_a_call_is_a_request_with_one_branch(attributes: dict[str, Any]):
    rows = bundle(span(attributes))
    (found,), (branch,) = rows.requests, rows.branches
    model = attributes.get("gen_ai.request.model") or attributes["llm.model_name"]
    assert (found["source"], found["route"], found["status"]) == ("otlp", "otlp/litellm", "ok")
    assert (found["chosen"], branch["model"], branch["outcome"]) == (model, model, "accepted")
    assert (branch["input_tokens"], branch["output_tokens"]) == (12, 34)
    assert (found["input_tokens"], found["output_tokens"]) == (12, 34)
    assert branch["latency_ms"] == found["latency_ms"] == pytest.approx(500)
    assert branch["decision_id"] == found["decision_id"]
    assert rows.spans == []


def test_what_a_call_cost_is_what_its_sender_says_and_else_unknown():
    assert bundle(span(LITELLM)).requests[0]["cost_nano"] == 250_000
    assert bundle(span(OPENINFERENCE)).branches[0]["cost_nano"] == 250_000
    assert bundle(span(OPENLLMETRY)).requests[0]["cost_nano"] is None
    euros = {**OPENLLMETRY, semconv.COST_AMOUNT: 0.1, semconv.COST_CURRENCY: "EUR"}
    assert bundle(span(euros)).requests[0]["cost_nano"] is None


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf"), "0.1", True])
def test_a_cost_that_is_no_amount_is_unknown(cost: Any):
    assert bundle(span({**LITELLM, "gen_ai.cost.total_cost": cost})).requests[0]["cost_nano"] is None


def test_a_failed_call_names_its_error():
    rows = bundle(span({**LITELLM, "error.type": "RateLimitError"}, failed="slow down"))
    (found,), (branch,) = rows.requests, rows.branches
    assert (found["status"], found["error_type"], found["error_message"]) == ("failed", "RateLimitError", "slow down")
    assert (found["chosen"], branch["outcome"], branch["error_type"]) == (None, "failed", "RateLimitError")


def test_finish_reasons_come_as_a_list_or_as_text():
    assert bundle(span(LITELLM)).branches[0]["finish_reason"] == "stop"
    listed = {**LITELLM, "gen_ai.response.finish_reasons": ["length"]}
    assert bundle(span(listed)).branches[0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    "attributes",
    [
        {"http.request.method": "POST"},
        {"openinference.span.kind": "CHAIN", "llm.model_name": "m"},
        {"openinference.span.kind": "EMBEDDING", "llm.model_name": "m"},
        {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"},
        {"traceloop.span.kind": "workflow"},
    ],
)
def test_what_is_no_call_is_kept_as_a_span(attributes: dict[str, Any]):
    rows = bundle(span(attributes))
    assert (rows.requests, rows.branches) == ([], [])
    assert json.loads(rows.spans[0]["attributes"]) == attributes | {} or "llm.model_name" in attributes


def test_a_call_inside_a_call_is_the_same_call():
    chain = span({"openinference.span.kind": "CHAIN"}, 1)
    rows = bundle(span(OPENLLMETRY, 3, parent=2), span(OPENINFERENCE, 2, parent=1), chain)
    assert [row["span_id"] for row in rows.requests] == ["0000000000000002"]
    assert sorted(row["span_id"] for row in rows.spans) == ["0000000000000001", "0000000000000003"]


def test_spans_that_are_each_others_parents_end():
    rows = bundle(span(LITELLM, 1, parent=2), span({}, 2, parent=1))
    assert len(rows.requests) + len(rows.spans) == 2


def test_rows_are_the_same_however_a_trace_is_cut():
    root, call = span({"traceloop.span.kind": "workflow"}, 1), span(LITELLM, 2, parent=1)
    whole = bundle(root, call)
    assert bundle(call).requests == whole.requests
    assert bundle(call).branches == whole.branches
    assert bundle(root).spans == whole.spans


@pytest.mark.parametrize("attributes", [*FORMS, {"traceloop.span.kind": "task", "traceloop.entity.input": PROMPT}])
@pytest.mark.parametrize("content", ["off", "hash"])
def test_without_the_policys_word_nothing_that_people_wrote_is_kept(attributes: dict[str, Any], content: ContentMode):
    rows = bundle(
        span(attributes), span({"anything.else": PROMPT, "odd": [PROMPT], "http.url": PROMPT}, 2), content=content
    )
    assert "swordfish" not in str(rows)


@pytest.mark.parametrize("attributes", FORMS)
def test_content_is_kept_as_ours_is_where_the_policy_says_so(attributes: dict[str, Any]):
    rows = bundle(span(attributes), content="full")
    said, answered = rows.contents
    assert json.loads(said["text"]) == [{"role": "user", "content": PROMPT}]
    assert json.loads(answered["text"]) == [{"role": "assistant", "content": ANSWER}]
    redacted = bundle(span(attributes), content="redacted")
    assert "swordfish" not in str(redacted)
    assert "[fish]" in str(redacted.contents)


def test_nobody_speaks_for_the_router():
    forged = {
        **LITELLM,
        semconv.SOURCE: "router",
        semconv.TENANT: "bank",
        semconv.DECISION_ID: "d1",
        "router.risk": "low",
    }
    rows = bundle(span(forged))
    (found,) = rows.requests
    assert (found["source"], found["tenant"], found["policy_version"]) == ("otlp", "default", "")
    assert found["decision_id"] != "d1"
    assert "bank" not in str(rows)


def test_hostile_names_are_clean_and_short():
    rows = bundle(span({**LITELLM, "gen_ai.request.model": "m\0" + "x" * 5000}), service="s\0" * 900)
    assert len(rows.requests[0]["chosen"]) <= 255
    assert "\0" not in str(rows)


def test_a_negative_or_endless_count_of_tokens_is_unknown():
    odd = {**LITELLM, "gen_ai.usage.prompt_tokens": -5, "gen_ai.usage.completion_tokens": 10**18}
    (branch,) = bundle(span(odd)).branches
    assert (branch["input_tokens"], branch["output_tokens"]) == (None, None)
