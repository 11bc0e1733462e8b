"""The list of decisions, newest first, by pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telemetry.query.filters import Filters


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, as a line of a table."""

    decision_id: str
    ts: datetime
    route: str
    tenant: str
    intent: str
    language: str
    status: str
    first: str | None
    chosen: str | None
    chosen_kind: str | None
    branches: int
    escalated: bool
    fell_back: bool
    cost_nano: int | None
    baseline_nano: int | None
    savings_nano: int | None
    latency_ms: float
    ttft_ms: float | None
    score: float | None
    reason: str
    purpose: str
    simulated: bool
    error_type: str | None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some decisions and where to go on."""

    rows: list[DecisionRow]
    next_cursor: str | None
    """Opaque; None at the end. A text search may return fewer rows than asked, or none, and still go on."""


def page(
    engine: sa.Engine, filters: Filters, *, search: str = "", cursor: str | None = None, limit: int = 50
) -> DecisionPage:
    """Decisions of the filter, newest first, after ``cursor``.

    ``search`` is the beginning of a decision's id or, where content was captured, a piece of a prompt or an answer.
    A text search looks through a bounded number of decisions a call; its cursor goes on from there.

    Raises:
        ValueError: the cursor is none of ours.
    """
    raise NotImplementedError
