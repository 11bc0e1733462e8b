"""One decision, whole: its document, its spans, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from telemetry.text import clean, from_json


@dataclass(frozen=True, slots=True)
class SpanView:
    """One bar of a waterfall."""

    span_id: str
    parent_span_id: str | None
    name: str
    start_ms: float
    """From the start of the request."""
    duration_ms: float
    depth: int
    """0 for the request itself."""
    status: str
    """unset, ok or error."""
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. ``text`` is hostile input: show it as text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one branch said."""

    branch_index: int
    model: str
    mode: str
    """hash, redacted or full."""
    turns: tuple[Turn, ...]
    """Empty when only the hash is kept."""
    sha256: str


@dataclass(frozen=True, slots=True)
class DecisionContent:
    """What was said, as far as the content policy of that time kept it."""

    mode: str
    prompt: tuple[Turn, ...]
    sha256: str | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class DecisionDetail:
    """``document`` has exactly the fields of the decision's schema, JSON-ready."""

    document: dict[str, Any]
    spans: tuple[SpanView, ...]
    """In the order of a waterfall: by start, each below its parent."""
    content: DecisionContent | None
    """None when nothing was captured."""


def decision(engine: sa.Engine, decision_id: str) -> DecisionDetail | None:
    """The decision of that id, or None when the store has none."""
    with reading(engine) as connection:
        request = connection.execute(
            sa.select(REQUEST).where(REQUEST.c.decision_id == clean(decision_id))
        ).one_or_none()
        if request is None:
            return None

        def of_trace(table: sa.Table, *order: sa.ColumnElement[Any]) -> Sequence[sa.Row[Any]]:
            return connection.execute(
                sa.select(table).where(table.c.trace_id == request.trace_id).order_by(*order)
            ).all()

        branches = of_trace(BRANCH, BRANCH.c.branch_index, BRANCH.c.start_ns)
        spans = of_trace(SPAN, SPAN.c.start_ns)
        contents = of_trace(CONTENT, CONTENT.c.ts)
    return DecisionDetail(
        document=_document(request, branches),
        spans=_waterfall(request, branches, spans),
        content=_content(request, branches, contents),
    )


_NANO_PER_USD = 1_000_000_000


def _document(request: sa.Row[Any], branches: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    return {
        "decision_id": request.decision_id,
        "trace_id": request.trace_id,
        "created_at": request.ts.isoformat(),
        "policy_name": request.policy_name,
        "policy_version": request.policy_version,
        "purpose": request.purpose,
        "simulated": request.simulated,
        "route": request.route,
        "strategy": request.strategy,
        "tenant": request.tenant,
        "risk": request.risk,
        "data_class": request.data_class,
        "status": request.status,
        "signals": from_json(request.signals, {}),
        "verdicts": from_json(request.verdicts, []),
        "candidates": from_json(request.candidates, []),
        "branches": [_branch_document(branch, request.start_ns) for branch in branches],
        "chosen": request.chosen,
        "chosen_kind": request.chosen_kind,
        "reason": request.reason,
        "cost_usd": _usd(request.cost_nano),
        "baseline_model": request.baseline_model,
        "baseline_cost_usd": _usd(request.baseline_nano),
        "baseline_source": request.baseline_source,
        "savings_usd": _usd(request.savings_nano),
        "escalated": request.escalated,
        "fell_back": request.fell_back,
        "input_tokens": request.input_tokens,
        "output_tokens": request.output_tokens,
        "latency_ms": request.latency_ms,
        "ttft_ms": request.ttft_ms,
        "overhead_ms": request.overhead_ms,
        "error_type": request.error_type,
        "error_message": request.error_message,
        "parent_decision_id": request.parent_decision_id,
        "tags": from_json(request.tags, []),
    }


def _branch_document(branch: sa.Row[Any], origin_ns: int) -> dict[str, Any]:
    return {
        "index": branch.branch_index,
        "kind": branch.kind,
        "model": branch.model,
        "tier": branch.tier,
        "outcome": branch.outcome,
        "reason": branch.reason,
        "score": branch.score,
        "threshold": branch.threshold,
        "scores": from_json(branch.scores, []),
        "cost_usd": _usd(branch.cost_nano),
        "cost_source": branch.cost_source,
        "input_tokens": branch.input_tokens,
        "output_tokens": branch.output_tokens,
        "cache_read_tokens": branch.cache_read_tokens,
        "started_ms": (branch.start_ns - origin_ns) / 1e6,
        "latency_ms": branch.latency_ms,
        "ttft_ms": branch.ttft_ms,
        "deployment": branch.deployment,
        "location": branch.location,
        "finish_reason": branch.finish_reason,
        "response_model": branch.response_model,
        "error_type": branch.error_type,
        "error_message": branch.error_message,
    }


def _waterfall(
    request: sa.Row[Any], branches: Sequence[sa.Row[Any]], spans: Sequence[sa.Row[Any]]
) -> tuple[SpanView, ...]:
    """All spans in one order: by start, each one's children right below it."""
    root = SpanView(
        span_id=request.span_id,
        parent_span_id=None,
        name=f"route {request.route}",
        start_ms=0.0,
        duration_ms=request.latency_ms,
        depth=0,
        status="error" if request.error_type else "unset",
        attributes={"status": request.status, **from_json(request.attributes, {})},
    )
    views = [_branch_view(branch, request.start_ns) for branch in branches]
    views += [_span_view(span, request.start_ns) for span in spans]
    children: dict[str | None, list[SpanView]] = {}
    known = {root.span_id, *(view.span_id for view in views)}
    for view in sorted(views, key=lambda view: view.start_ms):
        # A span whose parent is not stored hangs under the root, so that none is lost from sight.
        has_parent = view.parent_span_id in known and view.parent_span_id != view.span_id
        parent = view.parent_span_id if has_parent else root.span_id
        children.setdefault(parent, []).append(view)
    ordered: list[SpanView] = []
    stack = [root]
    while stack:
        view = stack.pop()
        ordered.append(view)
        below = children.pop(view.span_id, [])
        stack.extend(replace(child, depth=view.depth + 1) for child in reversed(below))
    return tuple(ordered)


def branch_span_name(kind: str, model: str) -> str:
    """What the span of a branch is called, which its row does not keep."""
    return "cache" if kind == "cache" else f"{'tool' if kind == 'tool' else 'branch'} {model}"


def _branch_view(branch: sa.Row[Any], origin_ns: int) -> SpanView:
    told = {
        "kind": branch.kind,
        "outcome": branch.outcome,
        "score": branch.score,
        "cost_nano": branch.cost_nano,
        "input_tokens": branch.input_tokens,
        "output_tokens": branch.output_tokens,
        "ttft_ms": branch.ttft_ms,
        "deployment": branch.deployment,
        "error_type": branch.error_type,
    }
    return SpanView(
        span_id=branch.span_id,
        parent_span_id=branch.parent_span_id,
        name=branch_span_name(branch.kind, branch.model),
        start_ms=(branch.start_ns - origin_ns) / 1e6,
        duration_ms=branch.duration_ms,
        depth=0,
        status="error" if branch.error_type else "unset",
        attributes={name: value for name, value in told.items() if value is not None}
        | from_json(branch.attributes, {}),
    )


def _span_view(span: sa.Row[Any], origin_ns: int) -> SpanView:
    return SpanView(
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        name=span.name,
        start_ms=(span.start_ns - origin_ns) / 1e6,
        duration_ms=span.duration_ms,
        depth=0,
        status=span.status,
        attributes=from_json(span.attributes, {}),
    )


def _content(
    request: sa.Row[Any], branches: Sequence[sa.Row[Any]], contents: Sequence[sa.Row[Any]]
) -> DecisionContent | None:
    if not contents:
        return None
    by_span = {content.span_id: content for content in contents if content.part == "output"}
    asked = (content for content in contents if (content.span_id, content.part) == (request.span_id, "input"))
    prompt = next(asked, None)
    answers = tuple(
        Answer(branch.branch_index, branch.model, kept.mode, _turns(kept.text), kept.sha256)
        for branch in branches
        if (kept := by_span.get(branch.span_id)) is not None
    )
    return DecisionContent(
        mode=(prompt or contents[0]).mode,
        prompt=_turns(prompt.text) if prompt else (),
        sha256=prompt.sha256 if prompt else None,
        answers=answers,
    )


def _turns(text: str | None) -> tuple[Turn, ...]:
    """Messages as they were kept; what is no list of messages is shown as one."""
    if text is None:
        return ()
    messages = from_json(text, None)
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return (Turn("", text),)
    return tuple(Turn(str(message.get("role", "")), _words(message)) for message in messages)


def _words(message: dict[str, Any]) -> str:
    """What a message says, and below it the functions that it calls."""
    content, calls = message.get("content", ""), message.get("tool_calls")
    words = [] if content in (None, "") else [str(content)]
    for call in calls if isinstance(calls, list) else ():
        # Ours, or OpenAI's own form, as other systems send it.
        said = call.get("function", call) if isinstance(call, dict) else {}
        if isinstance(said, dict):
            words.append(f"→ {said.get('name', '')}({said.get('arguments', '')})")
    return "\n".join(words)


def _usd(nano: int | None) -> float | None:
    return None if nano is None else nano / _NANO_PER_USD
