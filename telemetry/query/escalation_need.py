"""Which escalations were needed, and which answers should have been escalated, as evaluators see it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.query.proportion import Proportion
from telemetry.query.scorecard import representative
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.text import clean


@dataclass(frozen=True, slots=True)
class EscalationNeed:
    """Escalated decisions of which both the first answer and the given one were judged, and the others' bad answers."""

    helped: Proportion
    """The first answer was bad, the given one is good: of all escalations that were judged."""
    in_vain: Proportion
    """The first answer was bad, and so is the given one."""
    needless: Proportion
    """The first answer was good: it could have been given."""
    worse: Proportion
    """A part of the needless ones: a good answer was rejected, and a bad one given."""
    missed: Proportion
    """Not escalated, the answer is bad, and a stronger model could have been asked: of all that were not escalated and
    were picked by chance."""
    newest: dict[str, tuple[str, ...]]
    """Decisions of each, by the names of the fields above, newest first."""


def escalation_need(engine: sa.Engine, filters: Filters, evaluator: str, *, examples: int = 5) -> EscalationNeed:
    """As one evaluator sees it."""
    first, given = EVALUATION, EVALUATION.alias("given")
    both = (
        sa.select(first.c.decision_id, first.c.label.label("before"), given.c.label.label("after"))
        .join(
            given,
            sa.and_(
                given.c.decision_id == first.c.decision_id,
                *(given.c.name == first.c.name, given.c.author == first.c.author, given.c.answer == "given"),
            ),
        )
        .where(
            *on_facts(first, "chosen", filters),
            *(first.c.name == clean(evaluator), first.c.answer == "rejected"),
            *(first.c.label.is_not(None), given.c.label.is_not(None)),
        )
        .order_by(first.c.ts.desc(), first.c.decision_id)
    )
    columns = EVALUATION.c
    bad = sa.and_(columns.label == "bad", columns.stronger.is_(True))
    kept = sa.select(sa.func.count().label("n"), sa.func.sum(sa.case((bad, 1), else_=0)).label("bad")).where(
        *on_facts(EVALUATION, "chosen", filters), *representative(evaluator), columns.escalated.is_(False)
    )
    missed = (
        sa.select(columns.decision_id)
        .where(
            *on_facts(EVALUATION, "chosen", filters),
            *(columns.name == clean(evaluator), columns.answer == "given", columns.escalated.is_(False), bad),
        )
        .order_by(columns.ts.desc(), columns.decision_id)
        .limit(examples)
    )
    with reading(engine) as connection:
        pairs = connection.execute(both).all()
        others = connection.execute(kept).one()
        newest = {"missed": tuple(connection.scalars(missed))}
    kinds: dict[str, list[str]] = {"helped": [], "in_vain": [], "needless": [], "worse": []}
    for row in pairs:
        if row.before == "bad":
            kinds["helped" if row.after == "good" else "in_vain"].append(row.decision_id)
        else:
            kinds["needless"].append(row.decision_id)
            if row.after == "bad":
                kinds["worse"].append(row.decision_id)
    shares = {name: Proportion.of(len(some), len(pairs)) for name, some in kinds.items()}
    newest |= {name: tuple(some[:examples]) for name, some in kinds.items()}
    return EscalationNeed(**shares, missed=Proportion.of(others.bad or 0, others.n), newest=newest)
