"""One log record a decision, and what makes any log record an event: a name and fields beside its sentence.

Events go the way of all log records, so that one handler writes the lines of a process, and another sends them to a
collector. Their fields are named as in docs/decision.schema.json where they mean the same.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from telemetry.rows import Bundle, Row

if TYPE_CHECKING:
    # The processor's recorder tells events itself.
    from telemetry.processor import CommitState

DECISION: Final = "decision"
EVENT_NAME: Final = "event_name"
EVENT_FIELDS: Final = "event_fields"
EVENT_SPAN: Final = "event_span"
"""Attributes of a log record that is an event; the last are the ids of trace and span that it belongs to, if any."""

_NANO: Final = 1e9
_AS_THEY_ARE: Final = (
    "decision_id",
    "trace_id",
    "policy_version",
    "purpose",
    "simulated",
    "route",
    "tenant",
    "intent",
    "status",
    "chosen",
    "first",
    "branches",
    "escalated",
    "fell_back",
    "input_tokens",
    "output_tokens",
    "latency_ms",
    "ttft_ms",
    "overhead_ms",
    "error_type",
    "error_message",
)

_log = logging.getLogger("routescope.decision")


def event(name: str, *, of_span: tuple[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """What a call of a logger takes as ``extra`` to be an event. Fields that are None are left out of lines.

    ``of_span``: the ids of the trace and of the span that it belongs to, in hex digits.
    """
    return {EVENT_NAME: name, EVENT_FIELDS: fields, EVENT_SPAN: of_span}


def log_decision(bundle: Bundle, state: CommitState) -> None:
    """One record at level INFO: a listener of the processor. Nothing of what people wrote is in it."""
    if not _log.isEnabledFor(logging.INFO):
        return
    for request in bundle.requests:
        if request["source"] == "router":
            chosen = request["chosen"] or "nobody"
            sentence = "decision %s: %s, route %s, %s answered, %.0f ms"
            words = (request["decision_id"], request["status"], request["route"], chosen, request["latency_ms"])
            _log.info(sentence, *words, extra=event(DECISION, **_fields(request), commit=state))


def _fields(request: Row) -> dict[str, Any]:
    return {
        "started_at": request["ts"].isoformat(timespec="milliseconds"),
        **{name: request[name] for name in _AS_THEY_ARE},
        "cost_usd": _usd(request["cost_nano"]),
        "baseline_cost_usd": _usd(request["baseline_nano"]),
        "savings_usd": _usd(request["savings_nano"]),
    }


def _usd(nano: int | None) -> float | None:
    return None if nano is None else nano / _NANO
