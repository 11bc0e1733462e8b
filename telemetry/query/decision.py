"""One decision, whole: its document, its spans, and what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


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
    raise NotImplementedError
