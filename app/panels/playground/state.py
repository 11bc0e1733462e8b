"""What the playground knows of one run: events folded into one value, with nothing of Streamlit in it.

    state = PlaygroundState()
    for event in stream:
        state = advance(state, event)

States are immutable, so that the thread that reads and the page that draws share them without a lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from router_core.events import (
    Answered,
    BranchEnded,
    BranchStarted,
    Escalated,
    Event,
    Failed,
    Planned,
    Scored,
    Settled,
    SignalsRead,
    Token,
    VerdictsGiven,
)
from router_core.result import (
    BranchKind,
    BranchRecord,
    CandidateRecord,
    CommitState,
    Decision,
    ScoreRecord,
    Signals,
    Verdict,
)

Phase: TypeAlias = Literal["running", "done", "stopped", "broken"]
"""broken: the stream ended before the decision was settled; ``error`` says why."""

Standing: TypeAlias = Literal["running", "complete", "accepted", "rejected", "failed", "compared", "cancelled"]
"""complete: all its text is here, and what becomes of it is not known yet."""


@dataclass(frozen=True, slots=True)
class BranchView:
    """One branch as far as it has come."""

    index: int
    kind: BranchKind
    model: str
    reason: str
    final: bool
    """Its tokens may reach the caller as they come; otherwise its text is a draft until it is accepted."""
    started_ms: float
    ended_ms: float | None = None
    record: BranchRecord | None = None
    text: str = ""
    scores: tuple[ScoreRecord, ...] = ()
    superseded: bool = False
    """Another branch was made in its place; its final outcome comes with the settled decision."""
    cut_off: bool = False
    """The stream ended while it ran."""

    @property
    def standing(self) -> Standing:
        """How it stands now: the record's outcome once that is known."""
        if self.record is None:
            return "cancelled" if self.cut_off else "running"
        match self.record.outcome:
            case "unscored" | "planned":
                return "rejected" if self.superseded else "complete"
            case outcome:
                return outcome

    @property
    def below_threshold(self) -> bool:
        """Its answer was given although it did not pass, since none did."""
        known = self.record
        if known is None or known.outcome != "accepted" or known.score is None or known.threshold is None:
            return False
        return known.score < known.threshold

    @property
    def draft(self) -> bool:
        """Whether its text is not, or not yet, the answer."""
        return not self.final and self.standing != "accepted"


@dataclass(frozen=True, slots=True)
class PlaygroundState:
    """One run, so far."""

    phase: Phase = "running"
    decision_id: str | None = None
    route: str | None = None
    signals: Signals | None = None
    verdicts: tuple[Verdict, ...] | None = None
    """None until the guard has spoken; the empty tuple when the policy has no guard rule."""
    strategy: str | None = None
    candidates: tuple[CandidateRecord, ...] | None = None
    plan_reason: str = ""
    branches: tuple[BranchView, ...] = ()
    moves: tuple[Escalated, ...] = ()
    answer: Answered | None = None
    failure: Failed | None = None
    decision: Decision | None = None
    commit: CommitState | None = None
    error: str | None = None

    @property
    def over(self) -> bool:
        """Nothing more will come."""
        return self.phase != "running"

    @property
    def current(self) -> BranchView | None:
        """The branch that runs now, if one does."""
        return next((branch for branch in reversed(self.branches) if branch.standing == "running"), None)

    @property
    def accepted(self) -> BranchView | None:
        """The branch whose answer was given."""
        return next((branch for branch in self.branches if branch.standing == "accepted"), None)

    @property
    def discarded(self) -> tuple[BranchView, ...]:
        """Branches that wrote something which is not the answer, in order."""
        settled = ("rejected", "failed", "compared", "cancelled")
        return tuple(branch for branch in self.branches if branch.text and branch.standing in settled)


def advance(state: PlaygroundState, event: Event) -> PlaygroundState:
    """The state after one more event. Events of branches that never started, and any after the end, change nothing."""
    if state.over:
        return state
    match event:
        case SignalsRead():
            return replace(state, decision_id=event.decision_id, route=event.route, signals=event.signals)
        case VerdictsGiven():
            return replace(state, verdicts=event.verdicts)
        case Planned():
            return replace(state, strategy=event.strategy, candidates=event.candidates, plan_reason=event.reason)
        case BranchStarted():
            return _with_branch(state, _started(event))
        case Token():
            branch = _find(state, event.index)
            return state if branch is None else _with_branch(state, replace(branch, text=branch.text + event.text))
        case BranchEnded():
            return _ended(state, event.branch, event.at_ms)
        case Scored():
            branch = _find(state, event.index)
            if branch is None:
                return state
            others = tuple(score for score in branch.scores if score.validator != event.score.validator)
            return _with_branch(state, replace(branch, scores=(*others, event.score)))
        case Escalated():
            return _moved_on(state, event)
        case Answered():
            return replace(state, answer=event)
        case Failed():
            return replace(state, failure=event)
        case Settled():
            return _settled(state, event)


def stop(state: PlaygroundState) -> PlaygroundState:
    """The reader hung up."""
    return state if state.over else _cut(replace(state, phase="stopped"))


def break_off(state: PlaygroundState, sentence: str) -> PlaygroundState:
    """The stream failed; ``sentence`` says how."""
    return state if state.over else _cut(replace(state, phase="broken", error=sentence))


def finish(state: PlaygroundState) -> PlaygroundState:
    """The stream ended as it should: after the decision, or after a failure that left none."""
    return state if state.over else _cut(replace(state, phase="done"))


def _started(event: BranchStarted) -> BranchView:
    return BranchView(event.index, event.kind, event.model, event.reason, event.final, event.at_ms)


def _ended(state: PlaygroundState, record: BranchRecord, at_ms: float) -> PlaygroundState:
    branch = _find(state, record.index)
    if branch is None:
        return state
    scores = branch.scores or record.scores
    return _with_branch(state, replace(branch, record=record, ended_ms=at_ms, scores=scores))


def _moved_on(state: PlaygroundState, event: Escalated) -> PlaygroundState:
    moved = replace(state, moves=(*state.moves, event))
    left = next((branch for branch in reversed(state.branches) if branch.model == event.from_model), None)
    return moved if left is None else _with_branch(moved, replace(left, superseded=True))


def _settled(state: PlaygroundState, event: Settled) -> PlaygroundState:
    """The decision's own records are the last word, also for branches whose start this stream never showed."""
    decision = event.decision
    done = replace(
        state,
        phase="done",
        decision=decision,
        commit=event.commit,
        decision_id=decision.decision_id,
        route=decision.route,
        signals=decision.signals,
        verdicts=decision.verdicts,
        candidates=decision.candidates,
        strategy=decision.strategy,
    )
    for record in decision.branches:
        seen = _find(done, record.index) or BranchView(
            record.index, record.kind, record.model, record.reason, record.outcome == "accepted", record.started_ms
        )
        ended = seen.ended_ms
        if ended is None and record.latency_ms is not None:
            ended = record.started_ms + record.latency_ms
        done = _with_branch(
            done, replace(seen, record=record, ended_ms=ended, scores=record.scores or seen.scores, cut_off=False)
        )
    return done


def _cut(state: PlaygroundState) -> PlaygroundState:
    return replace(
        state,
        branches=tuple(replace(branch, cut_off=True) if branch.record is None else branch for branch in state.branches),
    )


def _find(state: PlaygroundState, index: int) -> BranchView | None:
    return next((branch for branch in state.branches if branch.index == index), None)


def _with_branch(state: PlaygroundState, branch: BranchView) -> PlaygroundState:
    others = tuple(other for other in state.branches if other.index != branch.index)
    return replace(state, branches=tuple(sorted((*others, branch), key=lambda each: each.index)))
