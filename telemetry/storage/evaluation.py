"""What somebody, or something, said later of how good an answer was, and which decisions are still to be looked at."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime

SAID = sa.text("method = 'human' AND answer = 'given' AND score IS NOT NULL")
"""What people said of an answer that was given: a condition on ``evaluation`` in the very words of its index."""


class Evaluation(SQLModel, table=True):
    """One opinion of one author on one answer. Said again, it takes the place of what was said before.

    Named after OpenTelemetry's event ``gen_ai.evaluation.result``. Stands alone, as branches do: it repeats what
    filters ask of its decision, and what the quality of routing is computed from.
    """

    __tablename__ = "evaluation"
    __table_args__ = (
        sa.Index("ix_evaluation_ts", "ts"),
        sa.Index("ix_evaluation_trace", "trace_id"),
        sa.Index("ix_evaluation_parent", "parent_decision_id"),
        # With the score: what people say is compared with each evaluator, decision by decision.
        sa.Index("ix_evaluation_said", "decision_id", "score", sqlite_where=SAID, postgresql_where=SAID),
    )

    decision_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    """What was looked at: ``feedback`` for what people say of the answer as a whole, else the policy's evaluator."""
    author: str = Field(primary_key=True)
    """Whose opinion it is: a person, or the route, file or validators that an evaluator asks."""
    answer: str = Field(default="given", primary_key=True)
    """given: the final answer. rejected: the first answer of a decision that escalated."""
    trace_id: str
    ts: datetime = Field(sa_type=UtcDateTime)
    """When the decision began, so that periods mean the same as everywhere."""
    given: datetime = Field(sa_type=UtcDateTime)
    """When the opinion was given, the last time."""

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
    chosen: str | None = None
    chosen_kind: str | None = None
    parent_decision_id: str | None = None
    """Of a shadow call: the decision whose request it repeats."""

    method: str = "human"
    """human, judge (another model), reference (an expected answer) or rules (validators)."""
    score: float | None = None
    """-1 (of no use) to 1 (all that was wanted) where people say it, else 0 to 1. NULL: no verdict."""
    label: str | None = None
    """good or bad; NULL in between, and without a verdict."""
    explanation: str | None = Field(default=None, sa_type=sa.Text)
    """In the author's words, as far as the content policy keeps what people write; or why there is no verdict."""
    criteria: str | None = None
    """Hash of the rubric, of the reference file or of the validators' names: verdicts by other criteria differ."""
    model: str | None = None
    """Whose answer it is, where it is not the chosen one's."""
    judge_model: str | None = None
    judge_decision_id: str | None = None
    """The decision in which a model judged."""
    cost_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    """Of judging; NULL when it is unknown, and for people."""
    sampled: bool = False
    """Chosen by chance alone: only such verdicts stand for the traffic that they were drawn from."""
    escalated: bool = False
    stronger: bool = False
    """Whether the plan had a further, stronger model that was not asked."""
    scores: str = Field(default="[]", sa_type=sa.Text)
    """What the validators said of this answer when it was made, JSON as in ``branch``."""


class EvaluationTask(SQLModel, table=True):
    """A decision that is to be judged by one evaluator, or repeated by a shadow call; and what became of it."""

    __tablename__ = "evaluation_task"
    __table_args__ = (
        sa.Index("ix_evaluation_task_state", "state", "ts"),
        sa.Index("ix_evaluation_task_trace", "trace_id"),
        sa.Index("ix_evaluation_task_ended", "ended"),
    )

    task_id: str = Field(primary_key=True)
    """A hash of decision, kind, evaluator and answer: picked twice, it is one task."""
    decision_id: str
    trace_id: str
    ts: datetime = Field(sa_type=UtcDateTime)
    """When the decision began."""
    route: str
    tenant: str
    simulated: bool
    kind: str
    """judge or shadow."""
    name: str
    """The policy's evaluator; of a shadow call the model that is asked."""
    answer: str
    """given or rejected."""
    picked_for: str
    """sample, escalated, low score, stratum or shadow."""
    sampled: bool
    place: float
    """A number 0..1 made from the decision's id: what is done first when there is not money for all."""
    state: str
    """waiting, done, failed, or left out: by the budget, or because something forbids it."""
    why: str | None = Field(default=None, sa_type=sa.Text)
    """Of what failed, was left out or waits after a failure."""
    attempts: int = 0
    picked: datetime = Field(sa_type=UtcDateTime)
    ended: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cost_nano: int | None = Field(default=None, sa_type=sa.BigInteger)


EVALUATION = cast(sa.Table, Evaluation.__table__)  # type: ignore[attr-defined]
EVALUATION_TASK = cast(sa.Table, EvaluationTask.__table__)  # type: ignore[attr-defined]
