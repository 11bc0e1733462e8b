"""A finished trace as rows: pure functions from spans to dictionaries, one key a column.

Nothing here raises on what a span carries: an attribute of the wrong type counts as absent, hostile text is cleaned,
and what no column knows goes into the row's JSON attributes. What people wrote goes only where the content policy
sends it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from router_core import semconv
from telemetry.columns import BRANCH_COLUMNS, REQUEST_COLUMNS, SPAN_COLUMNS, cost_of, fill, name, short
from telemetry.content import ContentPolicy
from telemetry.text import clean, to_json

Row: TypeAlias = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_NS = (1 << 63) - 1
_KINDS = {kind: kind.name.lower() for kind in SpanKind}
_STATUSES = {code: code.name.lower() for code in StatusCode}
_LATER_ATTEMPT = re.compile(r"attempt ([0-9]{1,4}) after ")

_OF_DECISION = {
    **dict.fromkeys(("decision_id", "route", "tenant", "intent", "policy_version", "risk", "data_class", "status"), ""),
    **{"purpose": "user", "simulated": False, "source": "router"},
}
"""What a branch shares with its decision, when it has none."""
_NO_PARTS = dict.fromkeys(("probe_nano", "judge_nano", "retry_nano"), 0)
_REQUEST: Row = {
    **_OF_DECISION,
    **_NO_PARTS,
    **dict.fromkeys(("schema_version", "policy_name", "strategy", "language", "reason"), ""),
    **dict.fromkeys(("parent_decision_id", "chosen", "chosen_kind", "first", "baseline_model", "baseline_source")),
    **dict.fromkeys(("intent_confidence", "words", "characters", "score", "input_tokens", "output_tokens", "ttft_ms")),
    **dict.fromkeys(("cost_nano", "discarded_nano", "baseline_nano", "savings_nano", "overhead_ms")),
    **dict.fromkeys(("error_type", "error_message", "caller_trace_id", "caller_span_id")),
    **{"branches": 0, "escalated": False, "fell_back": False},
    **{"tags": "[]", "signals": "{}", "verdicts": "[]", "candidates": "[]"},
}
"""A decision that says nothing."""
_BRANCH: Row = {
    **dict.fromkeys(("kind", "model", "outcome", "reason"), ""),
    **dict.fromkeys(("deployment", "location", "tier", "provider", "response_model", "score", "threshold")),
    **dict.fromkeys(("cost_nano", "cost_source", "input_tokens", "output_tokens", "cache_read_tokens", "latency_ms")),
    **dict.fromkeys(("ttft_ms", "finish_reason", "answer_characters", "error_type", "error_message")),
    **{"branch_index": 0, "scores": "[]"},
}
"""A branch that says nothing."""


@dataclass(slots=True)
class Bundle:
    """All rows of one trace, written together or not at all."""

    requests: list[Row] = field(default_factory=list)
    """One, or none when the spans came after their root."""
    branches: list[Row] = field(default_factory=list)
    spans: list[Row] = field(default_factory=list)
    contents: list[Row] = field(default_factory=list)


def bundle_of(spans: Sequence[ReadableSpan], policy: ContentPolicy) -> Bundle:
    """The rows of a trace, or of spans that came late. The root, if there, is the last to have ended."""
    bundle = Bundle()
    decision: Row | None = None
    others: list[ReadableSpan] = []
    for span in spans:
        if _is_decision(span):
            decision = request_row(span)
            bundle.requests.append(decision)
        else:
            others.append(span)
    for span in others:
        if semconv.BRANCH_INDEX in (span.attributes or {}):
            bundle.branches.append(branch_row(span, decision))
        else:
            bundle.spans.append(span_row(span))
    if policy.mode != "off":
        bundle.contents.extend(row for span in spans for row in content_rows(span, policy))
    for request in bundle.requests:
        request |= cost_parts(bundle.branches)
    return bundle


def cost_parts(branches: Sequence[Mapping[str, Any]]) -> Row:
    """What of a request's cost went where, nano-USD, None where a cost is unknown; no branch is in two parts.

    What is in none of them was spent on accepted answers, and on first attempts that were rejected or failed.
    """
    parts: Row = dict(_NO_PARTS)
    for branch in branches:
        if branch["kind"] == "judge":
            part = "judge_nano"
        elif branch["outcome"] == "accepted":
            continue
        elif branch["kind"] == "probe":
            part = "probe_nano"
        elif branch["attempt"] > 1:
            part = "retry_nano"
        else:
            continue
        known, cost = parts[part], branch["cost_nano"]
        parts[part] = None if known is None or cost is None else known + cost
    return parts


def attempt_of(reason: str) -> int:
    """Which attempt at the same model a branch is, as its reason tells: ``attempt 2 after 0.50 s: timeout``."""
    found = _LATER_ATTEMPT.match(reason)
    return int(found[1]) if found else 1


def is_root(span: ReadableSpan) -> bool:
    """Whether the trace begins here, in this process."""
    parent = span.parent
    return parent is None or parent.is_remote


def _is_decision(span: ReadableSpan) -> bool:
    return is_root(span) and semconv.DECISION_ID in (span.attributes or {})


def request_row(span: ReadableSpan) -> Row:
    """The decision's row from its root span."""
    row = _REQUEST | _identity(span)
    row["decision_id"] = row["trace_id"]
    row["attributes"] = fill(row, span.attributes or {}, REQUEST_COLUMNS)
    row["latency_ms"] = _duration_ms(span)
    cost, baseline = row["cost_nano"], row["baseline_nano"]
    if cost is not None and baseline is not None:
        row["savings_nano"] = baseline - cost
    if span.links:
        caller = span.links[0].context
        row["caller_trace_id"] = format_trace_id(caller.trace_id)
        row["caller_span_id"] = format_span_id(caller.span_id)
    return row


def branch_row(span: ReadableSpan, decision: Row | None) -> Row:
    """The row of a branch, whether a model's or a tool's, with what its decision's row says of both, when there is one.

    What its own span says goes before that.
    """
    attributes: Mapping[str, Any] = span.attributes or {}
    row = _BRANCH | _identity(span)
    if decision is None:
        row |= _OF_DECISION
        row["decision_id"] = row["trace_id"]
    else:
        for column in _OF_DECISION:
            row[column] = decision[column]
    row["attributes"] = fill(row, attributes, BRANCH_COLUMNS)
    row["duration_ms"] = duration_ms = _duration_ms(span)
    if row["latency_ms"] is None:
        row["latency_ms"] = duration_ms
    if not row["model"]:
        tool = attributes.get(semconv.TOOL_NAME)
        row["model"] = (None if tool is None else name(tool)) or short(span.name)
    if row["cost_nano"] is None:
        row["cost_nano"] = cost_of(attributes)
    row["parent_span_id"] = _parent_id(span)
    row["attempt"] = attempt_of(row["reason"])
    row["discarded"] = row["outcome"] != "accepted"
    return row


def span_row(span: ReadableSpan) -> Row:
    """The row of any other span."""
    description = span.status.description
    return {
        **_identity(span),
        "parent_span_id": _parent_id(span),
        "name": short(span.name),
        "kind": "internal" if span.kind is SpanKind.INTERNAL else _KINDS[span.kind],
        "duration_ms": _duration_ms(span),
        "status": _STATUSES[span.status.status_code],
        "status_message": None if description is None else clean(description),
        "attributes": fill({}, span.attributes or {}, SPAN_COLUMNS) or "{}",
    }


def content_rows(span: ReadableSpan, policy: ContentPolicy) -> list[Row]:
    """What the policy keeps of what this span's people wrote."""
    rows: list[Row] = []
    for key, part in ((semconv.INPUT_MESSAGES, "input"), (semconv.OUTPUT_MESSAGES, "output")):
        value = (span.attributes or {}).get(key)
        if value is None:
            continue
        kept = policy.keep(value if isinstance(value, str) else to_json(value))
        if kept is not None:
            identity = _identity(span)
            del identity["start_ns"]
            rows.append(
                identity
                | {"part": part, "mode": kept.mode, "text": kept.text}
                | {"sha256": kept.sha256, "characters": kept.characters}
            )
    return rows


def _identity(span: ReadableSpan) -> Row:
    context = span.get_span_context()
    span_id, trace_id = (context.span_id, context.trace_id) if context else (0, 0)
    start_ns = min(max(span.start_time or 0, 0), _LARGEST_NS)
    return {
        "span_id": f"{span_id:016x}",
        "trace_id": f"{trace_id:032x}",
        "ts": _EPOCH + timedelta(microseconds=start_ns // 1000),
        "start_ns": start_ns,
    }


def _parent_id(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def _duration_ms(span: ReadableSpan) -> float:
    return max((span.end_time or 0) - (span.start_time or 0), 0) / 1e6
