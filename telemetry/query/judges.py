"""Evaluators against people: how far a judge can be trusted, and what to look at by hand next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.query.paired import Kappa, Pairs, kappa
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
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
    people, judge = _people(), EVALUATION
    statement = (
        sa.select(
            *(judge.c.decision_id, judge.c.name, judge.c.method, judge.c.criteria, judge.c.label, judge.c.given),
            people.c.mean,
        )
        .join(people, people.c.decision_id == judge.c.decision_id)
        .where(
            *on_facts(judge, "chosen", filters),
            *(judge.c.method != "human", judge.c.answer == "given", judge.c.label.is_not(None), people.c.mean != 0),
        )
        .order_by(judge.c.ts.desc(), judge.c.decision_id, judge.c.name)
    )
    groups: defaultdict[tuple[str, str, str | None], list[Any]] = defaultdict(list)
    with reading(engine) as connection:
        for row in connection.execute(statement):
            groups[row.name, row.method, row.criteria].append(row)
    found = []
    for (name, method, criteria), some in groups.items():
        pairs, disagreed = Pairs(0, 0, 0, 0), list[str]()
        for row in some:
            theirs, ours = row.label == "good", row.mean > 0
            field = {(True, True): "both", (True, False): "first", (False, True): "second"}.get(
                (theirs, ours), "neither"
            )
            pairs = replace(pairs, **{field: getattr(pairs, field) + 1})
            if theirs != ours:
                disagreed.append(row.decision_id)
        last = max(row.given for row in some)
        found.append(JudgeAgreement(name, method, criteria, pairs, kappa(pairs), last, tuple(disagreed[:examples])))
    return sorted(found, key=lambda one: (-one.pairs.n, one.evaluator, one.criteria or ""))


def to_label(engine: sa.Engine, filters: Filters, evaluator: str, *, limit: int = 12) -> list[Unlabelled]:
    """What people should judge next, a third for each reason as far as there are such; the newest first."""
    columns, people = EVALUATION.c, _people()
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
                    columns.decision_id.not_in(sa.select(people.c.decision_id)),
                )
                .order_by(columns.ts.desc(), columns.decision_id, columns.author)
                .limit(limit)
            )
            room = limit * place // len(_MIXED)
            for row in connection.execute(statement):
                if len(found) >= room:
                    break
                found.setdefault(row.decision_id, Unlabelled(*row[:4], row.chosen or "", row.score, row.label, reason))
    return list(found.values())


def _people() -> sa.Subquery:
    """What people say of each answer: the mean of their scores."""
    columns = EVALUATION.alias("said").c
    return (
        sa.select(columns.decision_id, sa.func.avg(columns.score).label("mean"))
        .where(columns.method == "human", columns.answer == "given", columns.score.is_not(None))
        .group_by(columns.decision_id)
        .subquery("people")
    )
