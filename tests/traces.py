"""Traces as the router makes them, through a real tracer: what telemetry's tests and benchmarks feed it with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Status, StatusCode, Tracer

from router_core import semconv

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Attempt:
    """One branch to be emitted; times in milliseconds."""

    model: str = "small"
    kind: str = "model"
    outcome: str = "accepted"
    cost_nano: int | None = 1_200
    input_tokens: int | None = 20
    output_tokens: int | None = 30
    latency_ms: float = 40.0
    ttft_ms: float | None = 12.5
    answer: str = "an answer"
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Routed:
    """One decision to be emitted. Amounts in nano-USD, None for unknown."""

    decision_id: str
    at: datetime = START
    attempts: Sequence[Attempt] = (Attempt(),)
    route: str = "chat"
    tenant: str = "default"
    intent: str = "chat"
    purpose: str = "user"
    simulated: bool = False
    status: str = "ok"
    policy_version: str = "v1"
    baseline_nano: int | None = 5_000
    prompt: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def cost_nano(self) -> int | None:
        costs = [attempt.cost_nano for attempt in self.attempts]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def latency_ms(self) -> float:
        return sum(attempt.latency_ms for attempt in self.attempts) + 2.0


def emit(tracer: Tracer, routed: Routed, *, end_root: bool = True, link: Link | None = None) -> int:
    """Emit the whole trace, the root last, and return its trace id."""
    start = int(routed.at.timestamp() * 1_000_000) * 1000
    root = tracer.start_span(
        f"route {routed.route}", context=Context(), start_time=start, links=[link] if link else None
    )
    context = trace.set_span_in_context(root, Context())
    shared = {
        semconv.DECISION_ID: routed.decision_id,
        semconv.ROUTE: routed.route,
        semconv.TENANT: routed.tenant,
        semconv.PURPOSE: routed.purpose,
        semconv.SIMULATED: routed.simulated,
        semconv.INTENT: routed.intent,
        semconv.POLICY_VERSION: routed.policy_version,
    }
    for name in ("signals", "guard", "plan"):
        span = tracer.start_span(name, context=context, start_time=start + 1_000)
        span.set_attribute("router.detail", name)
        span.end(end_time=start + 200_000)
    at = start + 1_000_000
    for index, attempt in enumerate(routed.attempts):
        at = _emit_branch(tracer, context, shared, index, attempt, at, routed.prompt is not None)
    if end_root:
        root.set_attributes({**shared, **_decision(routed), **routed.extra})
        root.end(end_time=start + round(routed.latency_ms * 1e6))
    return root.get_span_context().trace_id


def _emit_branch(
    tracer: Tracer, context: Context, shared: dict[str, Any], index: int, attempt: Attempt, start: int, content: bool
) -> int:
    tool = attempt.kind == "tool"
    span = tracer.start_span(f"{'tool' if tool else 'branch'} {attempt.model}", context=context, start_time=start)
    attributes = {
        **shared,
        semconv.TOOL_NAME if tool else semconv.REQUEST_MODEL: attempt.model,
        semconv.BRANCH_INDEX: index,
        semconv.BRANCH_KIND: attempt.kind,
        semconv.BRANCH_OUTCOME: attempt.outcome,
        semconv.BRANCH_REASON: "first in the plan",
        semconv.BRANCH_SCORES: json.dumps([{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": True}]),
        semconv.COST_NANO: attempt.cost_nano,
        semconv.INPUT_TOKENS: attempt.input_tokens,
        semconv.OUTPUT_TOKENS: attempt.output_tokens,
        semconv.TIME_TO_FIRST_CHUNK: None if attempt.ttft_ms is None else attempt.ttft_ms / 1e3,
        semconv.FINISH_REASONS: ["stop"],
        semconv.ANSWER_CHARACTERS: len(attempt.answer),
        semconv.OUTPUT_MESSAGES: _messages("assistant", attempt.answer) if content else None,
        **attempt.extra,
    }
    span.set_attributes({name: value for name, value in attributes.items() if value is not None})
    if attempt.outcome == "failed":
        span.set_status(Status(StatusCode.ERROR, "failed"))
    end = start + round(attempt.latency_ms * 1e6)
    span.end(end_time=end)
    return end


def _decision(routed: Routed) -> dict[str, Any]:
    answered = next((attempt for attempt in routed.attempts if attempt.outcome == "accepted"), None)
    discarded = [attempt.cost_nano for attempt in routed.attempts if attempt is not answered]
    inputs = [attempt.input_tokens for attempt in routed.attempts]
    outputs = [attempt.output_tokens for attempt in routed.attempts]
    values = {
        semconv.SCHEMA: semconv.SCHEMA_VERSION,
        semconv.SOURCE: "router",
        semconv.POLICY_NAME: "test",
        semconv.STRATEGY: "cascade",
        semconv.RISK: "low",
        semconv.DATA_CLASS: "internal",
        semconv.LANGUAGE: "en",
        semconv.INTENT_CONFIDENCE: 0.9,
        semconv.PROMPT_WORDS: 5,
        semconv.PROMPT_CHARACTERS: 25,
        semconv.STATUS: routed.status,
        semconv.CHOSEN: answered.model if answered else None,
        semconv.CHOSEN_KIND: answered.kind if answered else None,
        semconv.FIRST_MODEL: routed.attempts[0].model if routed.attempts else None,
        semconv.REASON: "the first answer was good enough",
        semconv.BRANCHES: len(routed.attempts),
        semconv.ESCALATED: any(attempt.outcome == "rejected" for attempt in routed.attempts),
        semconv.FELL_BACK: any(attempt.outcome == "failed" for attempt in routed.attempts),
        semconv.COST_NANO: routed.cost_nano,
        semconv.DISCARDED_COST_NANO: None if None in discarded else sum(cost or 0 for cost in discarded),
        semconv.BASELINE_COST_NANO: routed.baseline_nano,
        semconv.BASELINE_MODEL: None if routed.baseline_nano is None else "large",
        semconv.INPUT_TOKENS: None if None in inputs else sum(number or 0 for number in inputs),
        semconv.OUTPUT_TOKENS: None if None in outputs else sum(number or 0 for number in outputs),
        semconv.TTFT_MS: answered.ttft_ms if answered else None,
        semconv.OVERHEAD_MS: 0.8,
        semconv.TAGS: ["nightly"],
        semconv.SIGNALS: json.dumps({"intent": routed.intent, "words": 5}),
        semconv.VERDICTS: json.dumps([{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]),
        semconv.CANDIDATES: json.dumps([{"model": "small", "score": 1.0}]),
        semconv.INPUT_MESSAGES: None if routed.prompt is None else _messages("user", routed.prompt),
    }
    return {name: value for name, value in values.items() if value is not None}


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "content": text}], ensure_ascii=False)
