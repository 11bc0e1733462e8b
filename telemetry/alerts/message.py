"""What a channel is told, as text and as JSON. Names in it may be hostile: each form escapes what its reader obeys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from telemetry.alerts.measure import words_of
from telemetry.alerts.metrics import METRICS
from telemetry.alerts.outbox import Event

LONGEST_TEXT: Final = 2_900
"""Characters of one block; Slack takes 3,000."""
_LONGEST_NAME: Final = 120
_SAYS: Final = {"fired": "FIRING", "resolved": "RESOLVED", "withdrawn": "WITHDRAWN", "test": "TEST"}


def subject_line(events: Sequence[Event]) -> str:
    """One line for all events of a message: the first, and how many there are."""
    first = headline(events[0])
    return first if len(events) == 1 else f"{first}, and {len(events) - 1} more"


def headline(event: Event) -> str:
    """``[FIRING] a model fails: large``."""
    about = f": {shown(event.subject)}" if event.subject else ""
    return f"[{_SAYS.get(event.kind, event.kind.upper())}] {shown(event.rule)}{about}"


def text_of(events: Sequence[Event], dashboard: str | None) -> str:
    """Plain text, a paragraph an event."""
    paragraphs = [f"{headline(event)}\n{sentence(event)}" for event in events]
    if dashboard is not None:
        paragraphs.append(f"{dashboard.rstrip('/')}/alerts")
    return "\n\n".join(paragraphs)


def sentence(event: Event) -> str:
    """The value against the threshold, with its interval and n, when, and what else is known."""
    metric = METRICS.get(event.metric)
    title = metric.title if metric is not None else event.metric
    window = words_of(timedelta(seconds=event.window_s)) if event.window_s else ""
    said = f"{title}: {written(event.value, event.unit)}"
    if event.low is not None and event.high is not None:
        said += f" ({written(event.low, event.unit)} to {written(event.high, event.unit)})"
    said += f", threshold {event.comparison} {written(event.threshold, event.unit)}"
    if window:
        said += f", over {window}"
    if event.n is not None:
        said += f", n = {event.n:,}"
    said += f". {event.severity.capitalize()}, {event.ts:%Y-%m-%d %H:%M:%S} UTC"
    if event.started is not None:
        said += f", firing since {event.started:%Y-%m-%d %H:%M:%S} UTC"
    return f"{said}. {shown(event.note, 300)}".rstrip()


def written(value: float | None, unit: str) -> str:
    """A value in its unit: ``4.2 %``, ``850 ms``, ``$1.25``, ``3``, ``14.4 x``."""
    if value is None:
        return "unknown"
    match unit:
        case "share":
            return f"{value * 100:.1f} %"
        case "ms":
            return f"{value:,.0f} ms" if value >= 10 else f"{value:.2f} ms"
        case "usd":
            return f"${value:,.2f}" if value >= 1 else f"${value:.6f}".rstrip("0").rstrip(".")
        case "times":
            return f"{value:.1f} x"
        case _:
            return f"{value:,.0f}"


def slack(events: Sequence[Event], dashboard: str | None) -> dict[str, Any]:
    """The body of a Slack-compatible webhook.

    Blocks are ``plain_text``, in which nothing is interpreted. The text beside them is what notifications show; in it
    Slack would obey ``<...>``, so its three marks are escaped as Slack wants it, and Markdown is switched off.
    """
    blocks = [
        {"type": "section", "text": {"type": "plain_text", "text": part[:LONGEST_TEXT], "emoji": False}}
        for part in text_of(events, dashboard).split("\n\n")
    ]
    return {"text": _escaped(subject_line(events)), "mrkdwn": False, "blocks": blocks}


def document(events: Sequence[Event], dashboard: str | None) -> dict[str, Any]:
    """The body for programs: every event with its fields; ``id`` tells a second delivery of the same."""
    return {
        "version": 1,
        "dashboard": None if dashboard is None else f"{dashboard.rstrip('/')}/alerts",
        "events": [
            {
                "id": event.event_id,
                "kind": event.kind,
                "rule": event.rule,
                "subject": event.subject or None,
                "per": event.per,
                "severity": event.severity,
                "metric": event.metric,
                "comparison": event.comparison,
                "threshold": event.threshold,
                "unit": event.unit,
                "value": event.value,
                "low": event.low,
                "high": event.high,
                "n": event.n,
                "window_s": event.window_s,
                "at": event.ts.isoformat(),
                "firing_since": None if event.started is None else event.started.isoformat(),
                "note": event.note,
            }
            for event in events
        ],
    }


def shown(text: str, limit: int = _LONGEST_NAME) -> str:
    """On one line, without control characters and marks of direction, cut to a length."""
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
