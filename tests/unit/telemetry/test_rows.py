from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from tests.traces import START, Attempt, Routed, emit

HOSTILE = "\0\ud800<script>\x1b[31m" + "x" * 1_000_000


def spans_of(routed: Routed, **options: object) -> Sequence[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), routed, **options)  # type: ignore[arg-type]
    return exporter.get_finished_spans()


def rows_of(routed: Routed, policy: ContentPolicy | None = None) -> Bundle:
    return bundle_of(spans_of(routed), policy or ContentPolicy())


def test_a_trace_becomes_one_decision_its_branches_and_the_other_spans():
    bundle = rows_of(Routed("d1", attempts=(Attempt("small", outcome="rejected"), Attempt("large"))))
    assert [row["decision_id"] for row in bundle.requests] == ["d1"]
    assert [(row["branch_index"], row["model"], row["outcome"]) for row in bundle.branches] == [
        (0, "small", "rejected"),
        (1, "large", "accepted"),
    ]
    assert [row["name"] for row in bundle.spans] == ["signals", "guard", "plan"]


@pytest.mark.parametrize("part, table", [("requests", REQUEST), ("branches", BRANCH), ("spans", SPAN)])
def test_a_row_has_exactly_the_columns_of_its_table(part, table):
    for row in getattr(rows_of(Routed("d1")), part):
        assert set(row) == set(table.columns.keys())


def test_a_content_row_has_exactly_the_columns_of_its_table():
    bundle = rows_of(Routed("d1", prompt="hello"), ContentPolicy("full"))
    assert [row["part"] for row in bundle.contents] == ["output", "input"]
    for row in bundle.contents:
        assert set(row) == set(CONTENT.columns.keys())


def test_times_are_those_of_the_span_and_never_those_of_the_machine():
    bundle = rows_of(Routed("d1", at=datetime(2019, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)))
    assert bundle.requests[0]["ts"] == datetime(2019, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    assert bundle.branches[0]["ts"] == datetime(2019, 1, 2, 3, 4, 5, 679901, tzinfo=UTC)
    assert bundle.branches[0]["latency_ms"] == 40.0


def test_savings_are_the_baseline_less_all_that_was_spent():
    bundle = rows_of(Routed("d1", baseline_nano=5_000, attempts=(Attempt(cost_nano=1_000), Attempt(cost_nano=700))))
    assert bundle.requests[0]["savings_nano"] == 3_300


@pytest.mark.parametrize("cost, baseline", [(None, 5_000), (1_000, None), (None, None)])
def test_savings_are_unknown_when_a_side_is_unknown(cost, baseline):
    row = rows_of(Routed("d1", baseline_nano=baseline, attempts=(Attempt(cost_nano=cost),))).requests[0]
    assert row["savings_nano"] is None


def test_a_branch_stands_alone_with_what_it_shares_with_its_decision():
    routed = Routed(
        "d1", route="legal", tenant="acme", intent="code", purpose="canary", simulated=True, status="failed"
    )
    branch = rows_of(routed).branches[0]
    shared = ("decision_id", "route", "tenant", "intent", "purpose", "simulated", "policy_version", "status")
    assert [branch[name] for name in shared] == ["d1", "legal", "acme", "code", "canary", True, "v1", "failed"]


def test_a_branch_without_the_shared_attributes_takes_them_from_its_decision():
    spans = spans_of(Routed("d1", tenant="acme"))
    for span in spans:
        if semconv.BRANCH_INDEX in (span.attributes or {}):
            span._attributes._immutable = False  # type: ignore[union-attr]
            del span._attributes[semconv.TENANT]  # type: ignore[attr-defined]
    assert bundle_of(spans, ContentPolicy()).branches[0]["tenant"] == "acme"


def test_only_an_accepted_answer_is_not_discarded():
    outcomes = ("accepted", "rejected", "failed", "compared", "cancelled")
    branches = rows_of(Routed("d1", attempts=tuple(Attempt(outcome=outcome) for outcome in outcomes))).branches
    assert [row["discarded"] for row in branches] == [False, True, True, True, True]


def test_a_tool_that_answered_is_a_branch_and_one_that_passed_is_a_span():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("test").start_span("tool search", attributes={semconv.TOOL_NAME: "search"}).end()
    passed = bundle_of(exporter.get_finished_spans(), ContentPolicy())
    assert [row["name"] for row in passed.spans] == ["tool search"] and not passed.branches
    answered = rows_of(Routed("d1", attempts=(Attempt("calculator", kind="tool", cost_nano=0),)))
    assert [(row["model"], row["kind"], row["cost_nano"]) for row in answered.branches] == [("calculator", "tool", 0)]


def test_a_branch_has_its_own_latency_beside_the_length_of_its_span():
    extra = {semconv.BRANCH_LATENCY_MS: 31.5}
    branch = rows_of(Routed("d1", attempts=(Attempt(latency_ms=40.0, extra=extra),))).branches[0]
    assert (branch["latency_ms"], branch["duration_ms"]) == (31.5, 40.0)


def test_the_callers_span_is_kept_as_a_link():
    caller = Link(SpanContext(0xABC, 0xDEF, is_remote=True))
    row = bundle_of(spans_of(Routed("d1"), link=caller), ContentPolicy()).requests[0]
    assert (row["caller_trace_id"], row["caller_span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")


def test_content_never_stays_in_the_attributes():
    bundle = rows_of(Routed("d1", prompt="my secret", attempts=(Attempt(answer="its answer"),)), ContentPolicy("hash"))
    assert len(bundle.contents) == 2
    everything = json.dumps([bundle.requests, bundle.branches, bundle.spans, bundle.contents], default=str)
    assert "my secret" not in everything and "its answer" not in everything


def test_what_no_column_knows_is_kept_as_json():
    row = rows_of(Routed("d1", extra={"router.new": [1, 2], "x": "y"})).requests[0]
    assert json.loads(row["attributes"]) == {"router.new": [1, 2], "x": "y"}


def test_attributes_of_the_wrong_type_count_as_absent_and_the_row_stays():
    wrong = {
        semconv.COST_NANO: "free",
        semconv.BRANCHES: float("nan"),
        semconv.ESCALATED: "yes",
        semconv.INTENT: 7,
        semconv.FINAL_SCORE: float("inf"),
        semconv.INPUT_TOKENS: 1 << 80,
        semconv.TAGS: 3,
        semconv.SIGNALS: [1, 2],
        semconv.STATUS: b"\xff",
    }
    row = rows_of(Routed("d1", extra=wrong)).requests[0]
    assert row["cost_nano"] is None and row["score"] is None and row["input_tokens"] is None
    assert row["branches"] == 0 and row["escalated"] is False
    assert row["intent"] == "7"


def test_hostile_text_is_kept_clean_and_whole():
    extra = {semconv.REASON: HOSTILE, semconv.ERROR_MESSAGE: HOSTILE, semconv.ROUTE: HOSTILE, HOSTILE[:9]: HOSTILE}
    row = rows_of(Routed("d1", extra=extra)).requests[0]
    for name in ("reason", "error_message", "route", "attributes"):
        assert "\0" not in row[name]
        row[name].encode()
    assert len(row["reason"]) == len(HOSTILE)
    assert len(row["route"]) == 255


def test_a_root_that_is_no_decision_is_kept_as_a_span():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("test").start_span("warm up").end()
    bundle = bundle_of(exporter.get_finished_spans(), ContentPolicy())
    assert not bundle.requests and [row["name"] for row in bundle.spans] == ["warm up"]


def test_a_cost_in_dollars_is_read_from_spans_that_have_no_other():
    attempt = Attempt(cost_nano=None, extra={semconv.COST_AMOUNT: 0.000_001_2, semconv.COST_CURRENCY: "USD"})
    assert rows_of(Routed("d1", attempts=(attempt,))).branches[0]["cost_nano"] == 1_200
    euros = Attempt(cost_nano=None, extra={semconv.COST_AMOUNT: 1.0, semconv.COST_CURRENCY: "EUR"})
    assert rows_of(Routed("d1", attempts=(euros,))).branches[0]["cost_nano"] is None


def test_started_is_exact_to_the_nanosecond():
    bundle = rows_of(Routed("d1"))
    assert bundle.branches[0]["start_ns"] - bundle.requests[0]["start_ns"] == 1_000_000
    assert bundle.requests[0]["start_ns"] == int(START.timestamp()) * 10**9


@pytest.mark.parametrize(
    "reason, attempt",
    [
        ("attempt 2 after 0.50 s: timeout", 2),
        ("attempt 13 after 0.00 s: rate_limit", 13),
        ("first in the plan", 1),
        ("attempt two after lunch", 1),
        ("another attempt 2 after 0.50 s", 1),
        ("", 1),
    ],
)
def test_a_later_attempt_is_known_by_its_reason(reason: str, attempt: int):
    (row,) = rows_of(Routed("d1", attempts=(Attempt(extra={semconv.BRANCH_REASON: reason}),))).branches
    assert row["attempt"] == attempt


def test_a_branch_knows_its_deployment_and_the_risk_of_its_request():
    one = Attempt(extra={semconv.BRANCH_DEPLOYMENT: "eu"})
    (row,) = rows_of(Routed("d1", attempts=(one,), extra={semconv.RISK: "high"})).branches
    assert (row["deployment"], row["risk"], row["attributes"]) == ("eu", "high", None)


def test_each_cost_is_in_one_part_at_most():
    retry = {semconv.BRANCH_REASON: "attempt 2 after 0.10 s: timeout"}
    attempts = (
        Attempt(outcome="failed", cost_nano=1),
        Attempt(outcome="failed", cost_nano=20, extra=retry),
        Attempt("tiny", kind="probe", outcome="compared", cost_nano=300),
        Attempt("tiny", kind="probe", outcome="accepted", cost_nano=4_000),
        Attempt("grader", kind="judge", outcome="accepted", cost_nano=50_000),
        Attempt(outcome="rejected", cost_nano=600_000),
    )
    (row,) = rows_of(Routed("d1", attempts=attempts)).requests
    assert (row["retry_nano"], row["probe_nano"], row["judge_nano"]) == (20, 300, 50_000)


def test_an_unknown_cost_makes_its_own_part_unknown_and_no_other():
    attempts = (Attempt("tiny", kind="probe", outcome="compared", cost_nano=None), Attempt())
    (row,) = rows_of(Routed("d1", attempts=attempts)).requests
    assert (row["probe_nano"], row["judge_nano"], row["retry_nano"]) == (None, 0, 0)
