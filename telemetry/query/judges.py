"""Evaluators against people: how far a judge can be trusted, and what to look at by hand next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.query.paired import Kappa, Pairs, kappa
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION, SAID
from telemetry.text import clean

Reason: TypeAlias = Literal["sample", "against validators", "no verdict"]
"""sample: picked by chance, so that agreement can be measured. against validators: validators let an answer pass that
the evaluator finds bad. no verdict: the evaluator could not tell."""
_MIXED: Final[tuple[Reason, ...]] = ("sample", "against validators", "no verdict")


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """One evaluator, by one form of its criteria, against people, on the answers that both have judged."""

    evaluator: str
    method: str
    criteria: str | None
    """Hash of its rubric, references or validators' names."""
    pairs: Pairs
    """The evaluator's verdict first, that of people second."""
    kappa: Kappa
    last: datetime
    """When it last judged one of them."""
    disagreed: tuple[str, ...]
    """Decisions on which they differ, newest first."""


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A decision that an evaluator has judged and nobody else."""

    decision_id: str
    ts: datetime
    route: str
    intent: str
    model: str
    score: float | None
    label: str | None
    reason: Reason


def judge_agreements(engine: sa.Engine, filters: Filters, *, examples: int = 5) -> list[JudgeAgreement]:
    """By evaluator and criteria, those with most pairs first. Of several people on one answer the mean counts."""
    people, columns, keys = _people(), EVALUATION.c, (EVALUATION.c.name, EVALUATION.c.method, EVALUATION.c.criteria)
    good, above = columns.label == "good", people.c.mean > 0
    judged = [
        *on_facts(EVALUATION, "chosen", filters),
        *(columns.method != "human", columns.answer == "given", columns.label.is_not(None)),
    ]
    counted: sa.Select[Any] = (
        sa.select(
            *keys,
            *(_times(sa.and_(good, above), "both"), _times(sa.and_(good, sa.not_(above)), "first")),
            *(_times(sa.and_(sa.not_(good), above), "second"), _times(sa.not_(sa.or_(good, above)), "neither")),
            sa.func.max(columns.given, type_=columns.given.type).label("last"),
            sa.func.max(sa.case((good != above, columns.ts)), type_=columns.ts.type).label("last_disagreed"),
        )
        .join(people, people.c.decision_id == columns.decision_id)
        .where(*judged, people.c.mean != 0)
        .group_by(*keys)
    )
    found = []
    with reading(engine) as connection:
        for row in connection.execute(counted).all():
            pairs, disagreed = Pairs(row.both, row.first, row.second, row.neither), list[str]()
            if row.last_disagreed is not None:
                of_row = [column.is_not_distinct_from(row[place]) for place, column in enumerate(keys)]
                # From there on downwards, by the index on time; few are looked at.
                newest = sa.select(columns.decision_id).where(*judged, *of_row, columns.ts <= row.last_disagreed)
                newest = newest.where(good != (_MEAN > 0), _MEAN != 0).order_by(*_NEWEST_FIRST).limit(examples)
                disagreed += connection.scalars(newest)
            found.append(
                JudgeAgreement(row.name, row.method, row.criteria, pairs, kappa(pairs), row.last, tuple(disagreed))
            )
    return sorted(found, key=lambda one: (-one.pairs.n, one.evaluator, one.criteria or ""))


def to_label(engine: sa.Engine, filters: Filters, evaluator: str, *, limit: int = 12) -> list[Unlabelled]:
    """What people should judge next, a third for each reason as far as there are such; the newest first."""
    columns = EVALUATION.c
    # PostgreSQL would ask one by one, for the sake of the first few, though people may have judged nearly every answer.
    people = sa.select(_SAID.c.decision_id).where(SAID).cte("people").prefix_with("MATERIALIZED", dialect="postgresql")
    judged_by_people = sa.exists().where(people.c.decision_id == columns.decision_id)
    conditions: dict[Reason, list[sa.ColumnElement[bool]]] = {
        "sample": [columns.sampled.is_(True), columns.label.is_not(None)],
        "against validators": [columns.label == "bad", columns.escalated.is_(False), columns.chosen_kind == "model"],
        "no verdict": [columns.label.is_(None)],
    }
    found: dict[str, Unlabelled] = {}
    with reading(engine) as connection:
        for place, reason in enumerate(_MIXED, start=1):
            statement = (
                sa.select(
                    *(columns.decision_id, columns.ts, columns.route, columns.intent, columns.chosen),
                    *(columns.score, columns.label),
                )
                .where(
                    *on_facts(EVALUATION, "chosen", filters),
                    *(columns.name == clean(evaluator), columns.method != "human", columns.answer == "given"),
                    *conditions[reason],
                    sa.not_(judged_by_people),
                )
                .order_by(*_NEWEST_FIRST)
                .limit(limit)
            )
            room = limit * place // len(_MIXED)
            for row in connection.execute(statement):
                if len(found) >= room:
                    break
                found.setdefault(row.decision_id, Unlabelled(*row[:4], row.chosen or "", row.score, row.label, reason))
    return list(found.values())


_SAID: Final = EVALUATION.alias("said")
_MEAN: Final = (
    sa.select(sa.func.avg(_SAID.c.score))
    .where(_SAID.c.decision_id == EVALUATION.c.decision_id, SAID)
    .correlate(EVALUATION)
    .scalar_subquery()
)
"""What people say of a given answer: the mean of their scores; NULL where nobody does."""
_NEWEST_FIRST: Final = (EVALUATION.c.ts.desc(), EVALUATION.c.decision_id, EVALUATION.c.author)


def _people() -> sa.Subquery:
    """What people say of each answer."""
    columns = _SAID.c
    mean = sa.func.avg(columns.score).label("mean")
    return sa.select(columns.decision_id, mean).where(SAID).group_by(columns.decision_id).subquery("people")


def _times(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    """How often it holds."""
    return sa.func.sum(sa.case((condition, 1), else_=0)).label(name)
