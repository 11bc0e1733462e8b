"""The typed events of `Router.stream()`, in the order in which they come.

    signals -> verdicts -> plan -> { branch_started, token*, branch_ended, score*, escalated? }* -> answer -> settled

`failed` takes the place of `answer` when no answer came of it; `settled` follows in both cases.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

import orjson

from router_core.functions import FunctionCall
from router_core.result import (
    BranchKind,
    BranchRecord,
    CandidateRecord,
    CommitState,
    Decision,
    Earlier,
    ScoreRecord,
    Signals,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class SignalsRead:
    """The prompt's signals are known."""

    type: ClassVar[str] = "signals"
    decision_id: str
    route: str
    signals: Signals


@dataclass(frozen=True, slots=True)
class VerdictsGiven:
    """The guard has spoken."""

    type: ClassVar[str] = "verdicts"
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """The candidates in the strategy's order; excluded ones follow with their reason."""

    type: ClassVar[str] = "plan"
    strategy: str
    candidates: tuple[CandidateRecord, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class BranchStarted:
    """A branch begins. ``final``: its tokens may reach the caller as they come."""

    type: ClassVar[str] = "branch_started"
    index: int
    kind: BranchKind
    model: str
    reason: str
    final: bool
    at_ms: float


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a branch's text. A draft unless its branch is final."""

    type: ClassVar[str] = "token"
    index: int
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class BranchEnded:
    """A branch ended. Its outcome is still open here when a validator has yet to score it."""

    type: ClassVar[str] = "branch_ended"
    branch: BranchRecord
    at_ms: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A validator scored a branch."""

    type: ClassVar[str] = "score"
    index: int
    score: ScoreRecord


@dataclass(frozen=True, slots=True)
class Escalated:
    """The next branch is made because of a low score, or because a branch failed."""

    type: ClassVar[str] = "escalated"
    cause: Literal["escalation", "fallback"]
    from_model: str
    to_model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The final answer, whole. ``streamed``: its tokens came as final tokens before."""

    type: ClassVar[str] = "answer"
    text: str
    model: str
    kind: BranchKind
    finish_reason: str | None
    streamed: bool
    citations: tuple[str, ...] = field(default=())
    calls: tuple[FunctionCall, ...] = ()
    """Functions that the answer calls, of those that the request offers."""
    earlier: Earlier | None = None
    """Where it comes from, of an answer of the cache."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer. ``code`` and ``http_status`` are those of the error in router_core.errors."""

    type: ClassVar[str] = "failed"
    code: str
    message: str
    http_status: int
    retry_after_s: float | None = None
    """Seconds until the soonest that an upstream asked to be called again; None when none said."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The decision is complete and, unless ``commit`` says otherwise, kept."""

    type: ClassVar[str] = "settled"
    decision: Decision
    commit: CommitState


Event: TypeAlias = (
    SignalsRead
    | VerdictsGiven
    | Planned
    | BranchStarted
    | Token
    | BranchEnded
    | Scored
    | Escalated
    | Answered
    | Failed
    | Settled
)


def to_dict(event: Event) -> dict[str, Any]:
    """The event as JSON-ready values, with its ``type`` first."""
    return {"type": event.type, **asdict(event)}


def to_json(event: Event) -> str:
    """The event as one line of JSON."""
    return orjson.dumps({"type": event.type, **{name: getattr(event, name) for name in event.__slots__}}).decode()
