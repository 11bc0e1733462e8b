"""The tables of facts, written once, keyed by span id. What is derived from them is in telemetry.storage.rollups.

Money is integer nano-USD and NULL when unknown, never 0. ``ts`` is when the span began, UTC; ``start_ns`` is the same
moment as nanoseconds since the epoch, so that offsets within a decision are exact. Structured values are JSON text.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.rollups import BRANCH_HOUR, REQUEST_HOUR, ROLLUPS
from telemetry.storage.types import UtcDateTime

PROTECTED = sa.text("data_class IN ('sensitive', 'regulated')")
"""A condition on ``request``, in the very words of its index on decisions about protected data; so are these."""
HAS_PARENT = sa.text("parent_decision_id IS NOT NULL")
ESCALATED = sa.text("escalated")
FELL_BACK = sa.text("fell_back")


class Request(SQLModel, table=True):
    """A decision, wide: this one row answers most questions about it. Written from the root span."""

    __tablename__ = "request"
    __table_args__ = (
        # With the latency, so that the slowest are found without reading the others' rows.
        sa.Index("ix_request_ts", "ts", "span_id", "latency_ms"),
        sa.Index("ix_request_tenant", "tenant", "ts", "latency_ms"),
        sa.Index("ix_request_trace", "trace_id"),
        sa.Index("ix_request_route", "route", "ts"),
        sa.Index("ix_request_chosen", "chosen", "ts"),
        sa.Index("ix_request_status", "status", "ts"),
        sa.Index("ix_request_intent", "intent", "ts"),
        # Of these there are few; whoever looks for them finds them without the rest.
        sa.Index("ix_request_protected", "ts", "span_id", sqlite_where=PROTECTED, postgresql_where=PROTECTED),
        sa.Index("ix_request_parent", "parent_decision_id", sqlite_where=HAS_PARENT, postgresql_where=HAS_PARENT),
        sa.Index("ix_request_escalated", "ts", "span_id", sqlite_where=ESCALATED, postgresql_where=ESCALATED),
        sa.Index("ix_request_fell_back", "ts", "span_id", sqlite_where=FELL_BACK, postgresql_where=FELL_BACK),
    )

    span_id: str = Field(primary_key=True)
    trace_id: str
    decision_id: str = Field(unique=True)
    parent_decision_id: str | None = None
    source: str
    schema_version: str
    ts: datetime = Field(sa_type=UtcDateTime)
    start_ns: int = Field(sa_type=sa.BigInteger)

    route: str
    tenant: str
    purpose: str
    simulated: bool
    policy_name: str
    policy_version: str
    strategy: str
    risk: str
    data_class: str

    intent: str
    intent_confidence: float | None = None
    language: str
    words: int | None = None
    characters: int | None = None

    status: str
    chosen: str | None = None
    chosen_kind: str | None = None
    first: str | None = None
    reason: str = Field(sa_type=sa.Text)
    branches: int
    escalated: bool
    fell_back: bool
    score: float | None = None

    cost_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    discarded_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    probe_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    """Spent on probes whose answer was not taken."""
    judge_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    retry_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    """Spent on second and later attempts whose answer was not taken."""
    baseline_model: str | None = None
    baseline_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    baseline_source: str | None = None
    savings_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    input_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)

    latency_ms: float
    ttft_ms: float | None = None
    overhead_ms: float | None = None
    error_type: str | None = None
    error_message: str | None = Field(default=None, sa_type=sa.Text)

    tags: str = Field(sa_type=sa.Text)
    signals: str = Field(sa_type=sa.Text)
    verdicts: str = Field(sa_type=sa.Text)
    candidates: str = Field(sa_type=sa.Text)
    caller_trace_id: str | None = None
    caller_span_id: str | None = None
    attributes: str | None = Field(default=None, sa_type=sa.Text)
    """Whatever else the root span carried, as a JSON object."""


class Branch(SQLModel, table=True):
    """One attempt at an answer, or at judging one. Stands alone: it repeats what it shares with its decision."""

    __tablename__ = "branch"
    __table_args__ = (
        sa.Index("ix_branch_trace", "trace_id"),
        sa.Index("ix_branch_decision", "decision_id"),
        sa.Index("ix_branch_model", "model", "ts"),
        sa.Index("ix_branch_ts", "ts"),
    )

    span_id: str = Field(primary_key=True)
    trace_id: str
    parent_span_id: str | None = None
    decision_id: str
    ts: datetime = Field(sa_type=UtcDateTime)
    start_ns: int = Field(sa_type=sa.BigInteger)

    route: str
    tenant: str
    intent: str
    purpose: str
    simulated: bool
    policy_version: str
    risk: str
    data_class: str
    source: str
    status: str
    """The status of the whole request."""

    branch_index: int
    kind: str
    model: str
    deployment: str | None = None
    """NULL where the model runs in one place."""
    location: str | None = None
    """Where the prompt went: local or cloud; NULL where nobody says."""
    attempt: int
    """1, or more when the same model was asked again in the same request."""
    tier: str | None = None
    provider: str | None = None
    response_model: str | None = None
    outcome: str
    discarded: bool
    """Its answer was not the final one: any outcome but accepted."""
    reason: str = Field(sa_type=sa.Text)
    score: float | None = None
    threshold: float | None = None
    scores: str = Field(sa_type=sa.Text)

    cost_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    cost_source: str | None = None
    input_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)
    cache_read_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)

    latency_ms: float
    """Of the call alone."""
    duration_ms: float
    """Of the span: the call, and what followed until the branch was judged."""
    ttft_ms: float | None = None
    finish_reason: str | None = None
    answer_characters: int | None = None
    error_type: str | None = None
    error_message: str | None = Field(default=None, sa_type=sa.Text)
    attributes: str | None = Field(default=None, sa_type=sa.Text)


class Span(SQLModel, table=True):
    """Every span that is neither a decision nor a branch."""

    __tablename__ = "span"
    # By time for retention alone: spans and texts need not have a decision that leads to them.
    __table_args__ = (sa.Index("ix_span_trace", "trace_id"), sa.Index("ix_span_ts", "ts"))

    span_id: str = Field(primary_key=True)
    trace_id: str
    parent_span_id: str | None = None
    name: str
    kind: str
    """internal, client, server, producer or consumer."""
    ts: datetime = Field(sa_type=UtcDateTime)
    start_ns: int = Field(sa_type=sa.BigInteger)
    duration_ms: float
    status: str
    """unset, ok or error."""
    status_message: str | None = Field(default=None, sa_type=sa.Text)
    attributes: str = Field(sa_type=sa.Text)


class Content(SQLModel, table=True):
    """What people and models wrote, apart from the facts, under the content policy of its time."""

    __tablename__ = "content"
    __table_args__ = (sa.Index("ix_content_trace", "trace_id"), sa.Index("ix_content_ts", "ts"))

    span_id: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    """input (on the decision) or output (on a branch)."""
    trace_id: str
    ts: datetime = Field(sa_type=UtcDateTime)
    mode: str
    """hash, redacted or full."""
    text: str | None = Field(default=None, sa_type=sa.Text)
    """JSON [{"role", "content"}]; NULL when only the hash is kept."""
    sha256: str
    """Of the text as it is kept, or of the whole text when only the hash is kept: equal prompts are recognisable."""
    characters: int
    """Of the whole text."""


class PolicyVersion(SQLModel, table=True):
    """A policy as it was: decisions name its version."""

    __tablename__ = "policy_version"

    version: str = Field(primary_key=True)
    name: str
    toml: str = Field(sa_type=sa.Text)
    first_seen: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str


class Meta(SQLModel, table=True):
    """Facts about the database itself: ``schema_version``."""

    __tablename__ = "meta"

    key: str = Field(primary_key=True)
    value: str


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


REQUEST = _table(Request)
BRANCH = _table(Branch)
SPAN = _table(Span)
CONTENT = _table(Content)
POLICY_VERSION = _table(PolicyVersion)
META = _table(Meta)

FACTS = (REQUEST, BRANCH, SPAN, CONTENT)
"""Written once, by the writer."""

__all__ = [
    "BRANCH",
    "BRANCH_HOUR",
    "CONTENT",
    "FACTS",
    "META",
    "POLICY_VERSION",
    "REQUEST",
    "REQUEST_HOUR",
    "ROLLUPS",
    "SPAN",
    "Branch",
    "Content",
    "Meta",
    "PolicyVersion",
    "Request",
    "Span",
]
