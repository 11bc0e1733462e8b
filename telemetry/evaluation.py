"""Keeps what is said of a decision after it was made: a row of its own, since decisions never change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.content import ContentPolicy
from telemetry.storage.engine import writing
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import REQUEST
from telemetry.text import clean

Label: TypeAlias = Literal["good", "bad"]

FEEDBACK: Final = "feedback"
"""The name of people's opinion on an answer as a whole."""
LONGEST: Final = 4_000
"""Characters of an explanation that are kept."""
REPEATED: Final = (
    *("trace_id", "ts", "route", "tenant", "intent", "purpose", "simulated", "parent_decision_id"),
    *("policy_version", "risk", "data_class", "source", "status", "chosen", "chosen_kind", "escalated"),
)
"""What an evaluation repeats of its decision, so that it stands alone."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said of a decision."""

    decision_id: str
    score: float
    """-1 (of no use) to 1 (all that was wanted)."""
    author: str
    explanation: str | None = None
    name: str = FEEDBACK

    @property
    def label(self) -> Label | None:
        """good or bad; None in between."""
        return "good" if self.score > 0 else "bad" if self.score < 0 else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of an opinion."""

    updated: bool
    """The same author had said something of this decision before."""
    explanation: Literal["none", "kept", "left out"]
    """What became of the explanation: left out where the content policy keeps no text."""


def keep(
    engine: sa.Engine,
    content: ContentPolicy,
    opinion: Opinion,
    *,
    tenant: str | None = None,
    now: datetime | None = None,
) -> Kept | None:
    """Keep an opinion, in the place of what its author has said of this decision before.

    Args:
        engine: one that writes.
        content: what becomes of the explanation: what people write is content like prompts and answers.
        tenant: whose decisions the author may speak of; None: anybody's.

    Returns:
        None when the store has no such decision (not yet, or no more).

    Raises:
        StorageError: the database cannot be written.
    """
    decision_id, author, name = clean(opinion.decision_id), clean(opinion.author), clean(opinion.name)
    said = (opinion.explanation or "").strip()[:LONGEST]
    kept = content.keep(said) if said else None
    text = None if kept is None else kept.text
    place = sa.and_(EVALUATION.c.decision_id == decision_id, EVALUATION.c.name == name, EVALUATION.c.author == author)
    with writing(engine) as connection:
        columns = [REQUEST.c[column] for column in REPEATED]
        theirs = sa.true() if tenant is None else REQUEST.c.tenant == clean(tenant)
        asked = sa.select(*columns).where(REQUEST.c.decision_id == decision_id, theirs)
        request = connection.execute(asked).one_or_none()
        if request is None:
            return None
        before = connection.execute(sa.delete(EVALUATION).where(place)).rowcount
        row = dict(request._mapping) | {
            "decision_id": decision_id,
            "name": name,
            "author": author,
            "answer": "given",
            "method": "human",
            "given": now or datetime.now(UTC),
            "score": opinion.score,
            "label": opinion.label,
            "explanation": text,
        }
        connection.execute(sa.insert(EVALUATION), [row])
    return Kept(before > 0, "none" if not said else "left out" if text is None else "kept")
