"""A finished trace as rows: pure functions from spans to dictionaries, one key a column.

Nothing here raises on what a span carries: an attribute of the wrong type counts as absent, hostile text is cleaned,
and what no column knows goes into the row's JSON attributes. What people wrote goes only where the content policy
sends it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.text import clean, to_json

Row: TypeAlias = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME = 255
"""Names are keys of rollups; no real one is longer."""
_LARGEST = 10**15
"""Beyond any count or amount that is meant (a million USD in nano-USD), and thousands of them still add up."""
_LARGEST_NS = (1 << 63) - 1
_NANO_PER_USD = 1_000_000_000
_KINDS = {kind: kind.name.lower() for kind in SpanKind}
_STATUSES = {code: code.name.lower() for code in StatusCode}
_LATER_ATTEMPT = re.compile(r"attempt ([0-9]{1,4}) after ")

_REQUEST_KEYS = frozenset(
    {
        semconv.DECISION_ID,
        semconv.ROUTE,
        semconv.TENANT,
        semconv.PURPOSE,
        semconv.SIMULATED,
        semconv.INTENT,
        semconv.POLICY_VERSION,
        semconv.COST_NANO,
        semconv.ERROR_MESSAGE,
        semconv.ERROR_TYPE,
        semconv.SCHEMA,
        semconv.SOURCE,
        semconv.PARENT_DECISION_ID,
        semconv.POLICY_NAME,
        semconv.STRATEGY,
        semconv.RISK,
        semconv.DATA_CLASS,
        semconv.LANGUAGE,
        semconv.INTENT_CONFIDENCE,
        semconv.PROMPT_WORDS,
        semconv.PROMPT_CHARACTERS,
        semconv.STATUS,
        semconv.CHOSEN,
        semconv.CHOSEN_KIND,
        semconv.FIRST_MODEL,
        semconv.REASON,
        semconv.BRANCHES,
        semconv.ESCALATED,
        semconv.FELL_BACK,
        semconv.FINAL_SCORE,
        semconv.DISCARDED_COST_NANO,
        semconv.BASELINE_MODEL,
        semconv.BASELINE_COST_NANO,
        semconv.BASELINE_SOURCE,
        semconv.INPUT_TOKENS,
        semconv.OUTPUT_TOKENS,
        semconv.TTFT_MS,
        semconv.OVERHEAD_MS,
        semconv.TAGS,
        semconv.SIGNALS,
        semconv.VERDICTS,
        semconv.CANDIDATES,
        *semconv.CONTENT_KEYS,
    }
)
_BRANCH_KEYS = frozenset(
    {
        semconv.DECISION_ID,
        semconv.ROUTE,
        semconv.TENANT,
        semconv.PURPOSE,
        semconv.SIMULATED,
        semconv.INTENT,
        semconv.POLICY_VERSION,
        semconv.COST_NANO,
        semconv.COST_AMOUNT,
        semconv.COST_CURRENCY,
        semconv.COST_SOURCE,
        semconv.ERROR_MESSAGE,
        semconv.ERROR_TYPE,
        semconv.PROVIDER_NAME,
        semconv.REQUEST_MODEL,
        semconv.RESPONSE_MODEL,
        semconv.TOOL_NAME,
        semconv.FINISH_REASONS,
        semconv.TIME_TO_FIRST_CHUNK,
        semconv.INPUT_TOKENS,
        semconv.OUTPUT_TOKENS,
        semconv.CACHE_READ_TOKENS,
        semconv.BRANCH_INDEX,
        semconv.BRANCH_KIND,
        semconv.BRANCH_TIER,
        semconv.BRANCH_DEPLOYMENT,
        semconv.BRANCH_LOCATION,
        semconv.BRANCH_OUTCOME,
        semconv.BRANCH_REASON,
        semconv.BRANCH_SCORE,
        semconv.BRANCH_THRESHOLD,
        semconv.BRANCH_SCORES,
        semconv.BRANCH_LATENCY_MS,
        semconv.ANSWER_CHARACTERS,
        *semconv.CONTENT_KEYS,
    }
)


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
    shared: Mapping[str, Any] = {}
    others: list[ReadableSpan] = []
    for span in spans:
        if _is_decision(span):
            bundle.requests.append(request_row(span))
            shared = span.attributes or {}
        else:
            others.append(span)
    for span in others:
        if semconv.BRANCH_INDEX in (span.attributes or {}):
            bundle.branches.append(branch_row(span, shared))
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
    parts: Row = dict.fromkeys(("probe_nano", "judge_nano", "retry_nano"), 0)
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
    read = _Reader(span.attributes or {})
    cost, baseline = read.integer(semconv.COST_NANO), read.integer(semconv.BASELINE_COST_NANO)
    caller = span.links[0].context if span.links else None
    return {
        **_identity(span),
        "decision_id": read.name(semconv.DECISION_ID) or _trace_id(span),
        "parent_decision_id": read.optional(semconv.PARENT_DECISION_ID),
        "source": read.name(semconv.SOURCE) or "router",
        "schema_version": read.name(semconv.SCHEMA),
        "route": read.name(semconv.ROUTE),
        "tenant": read.name(semconv.TENANT),
        "purpose": read.name(semconv.PURPOSE) or "user",
        "simulated": read.flag(semconv.SIMULATED),
        "policy_name": read.name(semconv.POLICY_NAME),
        "policy_version": read.name(semconv.POLICY_VERSION),
        "strategy": read.name(semconv.STRATEGY),
        "risk": read.name(semconv.RISK),
        "data_class": read.name(semconv.DATA_CLASS),
        "intent": read.name(semconv.INTENT),
        "intent_confidence": read.real(semconv.INTENT_CONFIDENCE),
        "language": read.name(semconv.LANGUAGE),
        "words": read.integer(semconv.PROMPT_WORDS),
        "characters": read.integer(semconv.PROMPT_CHARACTERS),
        "status": read.name(semconv.STATUS),
        "chosen": read.optional(semconv.CHOSEN),
        "chosen_kind": read.optional(semconv.CHOSEN_KIND),
        "first": read.optional(semconv.FIRST_MODEL),
        "reason": read.text(semconv.REASON) or "",
        "branches": read.integer(semconv.BRANCHES) or 0,
        "escalated": read.flag(semconv.ESCALATED),
        "fell_back": read.flag(semconv.FELL_BACK),
        "score": read.real(semconv.FINAL_SCORE),
        "cost_nano": cost,
        "discarded_nano": read.integer(semconv.DISCARDED_COST_NANO),
        **cost_parts(()),
        "baseline_model": read.optional(semconv.BASELINE_MODEL),
        "baseline_nano": baseline,
        "baseline_source": read.optional(semconv.BASELINE_SOURCE),
        "savings_nano": None if cost is None or baseline is None else baseline - cost,
        "input_tokens": read.integer(semconv.INPUT_TOKENS),
        "output_tokens": read.integer(semconv.OUTPUT_TOKENS),
        "latency_ms": _duration_ms(span),
        "ttft_ms": read.real(semconv.TTFT_MS),
        "overhead_ms": read.real(semconv.OVERHEAD_MS),
        "error_type": read.optional(semconv.ERROR_TYPE),
        "error_message": read.text(semconv.ERROR_MESSAGE),
        "tags": read.json(semconv.TAGS, []),
        "signals": read.json(semconv.SIGNALS, {}),
        "verdicts": read.json(semconv.VERDICTS, []),
        "candidates": read.json(semconv.CANDIDATES, []),
        "caller_trace_id": None if caller is None else format_trace_id(caller.trace_id),
        "caller_span_id": None if caller is None else format_span_id(caller.span_id),
        "attributes": read.rest(_REQUEST_KEYS),
    }


def branch_row(span: ReadableSpan, shared: Mapping[str, Any]) -> Row:
    """The row of a branch, whether a model's or a tool's; ``shared`` are the root's attributes, empty when unknown."""
    read = _Reader(span.attributes or {})
    root = _Reader(shared)
    outcome = read.name(semconv.BRANCH_OUTCOME)
    first_chunk_s = read.real(semconv.TIME_TO_FIRST_CHUNK)
    duration_ms = _duration_ms(span)
    latency_ms = read.real(semconv.BRANCH_LATENCY_MS)
    reason = read.text(semconv.BRANCH_REASON) or ""

    def either(key: str) -> str:
        return read.name(key) or root.name(key)

    return {
        **_identity(span),
        "parent_span_id": _parent_id(span),
        "decision_id": either(semconv.DECISION_ID) or _trace_id(span),
        "route": either(semconv.ROUTE),
        "tenant": either(semconv.TENANT),
        "intent": either(semconv.INTENT),
        "purpose": either(semconv.PURPOSE) or "user",
        "simulated": read.flag(semconv.SIMULATED) or root.flag(semconv.SIMULATED),
        "policy_version": either(semconv.POLICY_VERSION),
        "risk": root.name(semconv.RISK),
        "data_class": root.name(semconv.DATA_CLASS),
        "source": root.name(semconv.SOURCE) or "router",
        "status": root.name(semconv.STATUS),
        "branch_index": read.integer(semconv.BRANCH_INDEX) or 0,
        "kind": read.name(semconv.BRANCH_KIND),
        "model": read.name(semconv.REQUEST_MODEL) or read.name(semconv.TOOL_NAME) or _name(span.name),
        "deployment": read.optional(semconv.BRANCH_DEPLOYMENT),
        "location": read.optional(semconv.BRANCH_LOCATION),
        "attempt": attempt_of(reason),
        "tier": read.optional(semconv.BRANCH_TIER),
        "provider": read.optional(semconv.PROVIDER_NAME),
        "response_model": read.optional(semconv.RESPONSE_MODEL),
        "outcome": outcome,
        "discarded": outcome != "accepted",
        "reason": reason,
        "score": read.real(semconv.BRANCH_SCORE),
        "threshold": read.real(semconv.BRANCH_THRESHOLD),
        "scores": read.json(semconv.BRANCH_SCORES, []),
        "cost_nano": read.cost(),
        "cost_source": read.optional(semconv.COST_SOURCE),
        "input_tokens": read.integer(semconv.INPUT_TOKENS),
        "output_tokens": read.integer(semconv.OUTPUT_TOKENS),
        "cache_read_tokens": read.integer(semconv.CACHE_READ_TOKENS),
        "latency_ms": duration_ms if latency_ms is None else latency_ms,
        "duration_ms": duration_ms,
        # The span says seconds, as the convention wants; to the nanosecond this is the very number it came from.
        "ttft_ms": None if first_chunk_s is None else round(first_chunk_s * 1e3, 6),
        "finish_reason": read.first(semconv.FINISH_REASONS),
        "answer_characters": read.integer(semconv.ANSWER_CHARACTERS),
        "error_type": read.optional(semconv.ERROR_TYPE),
        "error_message": read.text(semconv.ERROR_MESSAGE),
        "attributes": read.rest(_BRANCH_KEYS),
    }


def span_row(span: ReadableSpan) -> Row:
    """The row of any other span."""
    description = span.status.description
    return {
        **_identity(span),
        "parent_span_id": _parent_id(span),
        "name": _name(span.name),
        "kind": _KINDS[span.kind],
        "duration_ms": _duration_ms(span),
        "status": _STATUSES[span.status.status_code],
        "status_message": None if description is None else clean(description),
        "attributes": _Reader(span.attributes or {}).rest(semconv.CONTENT_KEYS) or "{}",
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


class _Reader:
    """A span's attributes, each read as the type that its column has."""

    __slots__ = ("_attributes", "_get")

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes
        self._get = attributes.get

    def text(self, key: str) -> str | None:
        value = self._get(key)
        if value is None:
            return None
        return clean(value) if isinstance(value, str) else to_json(value)

    def name(self, key: str) -> str:
        """Short, and never NULL: absent is empty."""
        value = self._get(key)
        return "" if value is None else _name(value if isinstance(value, str) else to_json(value))

    def optional(self, key: str) -> str | None:
        value = self._get(key)
        return None if value is None else _name(value if isinstance(value, str) else to_json(value)) or None

    def integer(self, key: str) -> int | None:
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, float) and math.isfinite(value):
            value = round(value)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
            return None
        return value

    def real(self, key: str) -> float | None:
        value = self._get(key)
        if value is None or not isinstance(value, (int, float)) or isinstance(value, bool):
            return None
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def cost(self) -> int | None:
        """Nano-USD, or the conventions' amount in USD from spans that are not ours."""
        nano = self.integer(semconv.COST_NANO)
        if nano is not None or self._get(semconv.COST_CURRENCY, "USD") != "USD":
            return nano
        usd = self.real(semconv.COST_AMOUNT)
        return None if usd is None or abs(usd) * _NANO_PER_USD > _LARGEST else round(usd * _NANO_PER_USD)

    def flag(self, key: str) -> bool:
        return self._get(key) is True

    def first(self, key: str) -> str | None:
        value = self._get(key)
        if isinstance(value, (list, tuple)):
            value = value[0] if value else None
        return _name(value) if isinstance(value, str) else None

    def json(self, key: str, empty: Any) -> str:
        """Structured values come as JSON text (readers bear with a broken one) or as flat lists."""
        value = self._get(key)
        if isinstance(value, str):
            return clean(value)
        return to_json(empty if value is None else value)

    def rest(self, known: frozenset[str]) -> str | None:
        others = {name: value for name, value in self._attributes.items() if name not in known}
        return to_json(others) if others else None


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


def _trace_id(span: ReadableSpan) -> str:
    context = span.get_span_context()
    return f"{context.trace_id if context else 0:032x}"


def _parent_id(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def _duration_ms(span: ReadableSpan) -> float:
    return max((span.end_time or 0) - (span.start_time or 0), 0) / 1e6


def _name(text: str) -> str:
    if len(text) <= _LONGEST_NAME and text.isascii() and "\0" not in text:
        return text
    return clean(text)[:_LONGEST_NAME]
