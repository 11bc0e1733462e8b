"""What somebody, or something, said later of how good an answer was: people's feedback, and what judges find."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime


class Evaluation(SQLModel, table=True):
    """One opinion of one author on one decision. Said again, it takes the place of what was said before.

    Named after OpenTelemetry's event ``gen_ai.evaluation.result``. Stands alone, as branches do: it repeats what
    filters ask of its decision.
    """

    __tablename__ = "evaluation"
    __table_args__ = (sa.Index("ix_evaluation_ts", "ts"), sa.Index("ix_evaluation_trace", "trace_id"))

    decision_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    """What was looked at: ``feedback`` for what people say of the answer as a whole."""
    author: str = Field(primary_key=True)
    """Whose opinion it is."""
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

    score: float
    """-1 (of no use) to 1 (all that was wanted)."""
    label: str | None = None
    """good or bad; NULL in between."""
    explanation: str | None = Field(default=None, sa_type=sa.Text)
    """In the author's words, as far as the content policy keeps what people write."""


EVALUATION = cast(sa.Table, Evaluation.__table__)  # type: ignore[attr-defined]
