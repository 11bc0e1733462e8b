"""Keeps what is said of a decision after it was made: a row of its own, since decisions never change.

Each verdict is told as an event besides, ``gen_ai.evaluation.result`` of OpenTelemetry, for whoever collects logs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.log import event
from telemetry.storage.engine import writing
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import REQUEST
from telemetry.text import clean

Label: TypeAlias = Literal["good", "bad"]
Method: TypeAlias = Literal["judge", "reference", "rules"]

log = logging.getLogger("routescope.evaluation")

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
        columns = [REQUEST.c[column] for column in (*REPEATED, "span_id")]
        theirs = sa.true() if tenant is None else REQUEST.c.tenant == clean(tenant)
        asked = sa.select(*columns).where(REQUEST.c.decision_id == decision_id, theirs)
        request = connection.execute(asked).one_or_none()
        if request is None:
            return None
        before = connection.execute(sa.delete(EVALUATION).where(place)).rowcount
        facts = dict(request._mapping)
        span_id = facts.pop("span_id")
        row = facts | {
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
    tell(row, span_id)
    return Kept(before > 0, "none" if not said else "left out" if text is None else "kept")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an evaluator finds of an answer."""

    decision_id: str
    name: str
    """The policy's evaluator."""
    author: str
    """Whom it asked: a route, a file, validators."""
    method: Method
    score: float | None
    """0 to 1; None: no verdict."""
    good: bool | None
    """Whether the score is enough; None without a verdict."""
    words: str = ""
    """The judge's own: content, like prompts and answers."""
    note: str = ""
    """Ours: why there is no verdict, or what was compared. It repeats nothing of what was said."""
    criteria: str | None = None
    answer: Literal["given", "rejected"] = "given"
    model: str | None = None
    judge_model: str | None = None
    judge_decision_id: str | None = None
    cost_nano: int | None = None
    sampled: bool = False
    stronger: bool = False
    scores: str = "[]"


def record(engine: sa.Engine, content: ContentPolicy, said: Judgement, *, now: datetime | None = None) -> bool:
    """Keep a judgement, in the place of what the same evaluator said of this answer before.

    Args:
        engine: one that writes.
        content: what becomes of the judge's words.

    Returns:
        False when the store has no such decision any more.

    Raises:
        StorageError: the database cannot be written.
    """
    kept = content.keep(said.words) if said.words else None
    label = None if said.good is None else "good" if said.good else "bad"
    key = {"decision_id": clean(said.decision_id), "name": clean(said.name), "author": clean(said.author)}
    place = sa.and_(*(EVALUATION.c[name] == value for name, value in key.items()), EVALUATION.c.answer == said.answer)
    with writing(engine) as connection:
        columns = [REQUEST.c[column] for column in (*REPEATED, "span_id")]
        request = connection.execute(
            sa.select(*columns).where(REQUEST.c.decision_id == key["decision_id"])
        ).one_or_none()
        if request is None:
            return False
        connection.execute(sa.delete(EVALUATION).where(place))
        facts = dict(request._mapping)
        span_id = facts.pop("span_id")
        row = facts | {
            **key,
            **{name: getattr(said, name) for name in ("answer", "method", "score", "criteria", "model", "judge_model")},
            **{
                name: getattr(said, name)
                for name in ("judge_decision_id", "cost_nano", "sampled", "stronger", "scores")
            },
            "given": now or datetime.now(UTC),
            "label": label,
            "explanation": (said.note or (None if kept is None else kept.text) or "")[:LONGEST] or None,
        }
        connection.execute(sa.insert(EVALUATION), [row])
    tell(row, span_id)
    return True


def tell(row: Mapping[str, Any], span_id: str) -> None:
    """Log a verdict as OpenTelemetry's event, in the decision's root span. Its words stay in the store."""
    if row["score"] is None or not log.isEnabledFor(logging.INFO):
        return
    fields = {
        semconv.EVALUATION_NAME: row["name"],
        semconv.EVALUATION_SCORE: row["score"],
        semconv.EVALUATION_LABEL: row["label"],
        "decision_id": row["decision_id"],
        "answer": row["answer"],
        "method": row["method"],
    }
    sentence = "decision %s: %s says %s"
    words = (row["decision_id"], row["name"], row["label"] or "neither good nor bad")
    log.info(sentence, *words, extra=event(semconv.EVALUATION_EVENT, of_span=(row["trace_id"], span_id), **fields))
