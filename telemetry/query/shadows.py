"""Answers that were given beside those of shadow calls: what quality the savings had."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.query.paired import Difference, Pairs, difference
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import REQUEST
from telemetry.text import clean


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """One route against one model that was asked the same afterwards, by one evaluator's verdicts on both answers."""

    route: str
    model: str
    """Whom the shadow calls went to."""
    good: Difference
    """Of the routed answers, the first, minus those of the model, the second."""
    pairs: Pairs
    costed: int
    """Pairs of which both costs are known."""
    routed_nano: int | None
    """Nano-USD of the routed answers of these; None when there are none."""
    shadow_nano: int | None
    worse: tuple[str, ...]
    """Decisions whose answer is bad where the model's was good, newest first."""


def shadow_comparisons(
    engine: sa.Engine, filters: Filters, evaluator: str, *, examples: int = 5
) -> list[ShadowComparison]:
    """By route and model, those with most pairs first. The filters mean the decisions whose requests were repeated."""
    routed, shadow = EVALUATION, EVALUATION.alias("shadow")
    first, second = REQUEST.alias("first"), REQUEST.alias("second")
    statement = (
        sa.select(
            *(routed.c.decision_id, routed.c.route, shadow.c.chosen.label("model")),
            *(routed.c.label.label("ours"), shadow.c.label.label("theirs")),
            *(first.c.cost_nano.label("routed_nano"), second.c.cost_nano.label("shadow_nano")),
        )
        .join(
            shadow,
            sa.and_(
                shadow.c.parent_decision_id == routed.c.decision_id,
                *(shadow.c.name == routed.c.name, shadow.c.author == routed.c.author),
                *(shadow.c.purpose == "shadow", shadow.c.answer == "given"),
            ),
        )
        .join(first, first.c.decision_id == routed.c.decision_id)
        .join(second, second.c.decision_id == shadow.c.decision_id)
        .where(
            *on_facts(routed, "chosen", filters),
            *(routed.c.name == clean(evaluator), routed.c.answer == "given"),
            *(routed.c.label.is_not(None), shadow.c.label.is_not(None), shadow.c.chosen.is_not(None)),
        )
        .order_by(routed.c.ts.desc(), routed.c.decision_id)
    )
    groups: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    with reading(engine) as connection:
        for row in connection.execute(statement).all():
            groups[row.route, row.model].append(row)
    found = [_comparison(route, model, some, examples) for (route, model), some in groups.items()]
    return sorted(found, key=lambda one: (-one.pairs.n, one.route, one.model))


def _comparison(route: str, model: str, some: list[Any], examples: int) -> ShadowComparison:
    pairs = Pairs(0, 0, 0, 0)
    worse: list[str] = []
    costs: list[tuple[int, int]] = []
    for row in some:
        match row.ours == "good", row.theirs == "good":
            case True, True:
                pairs = replace(pairs, both=pairs.both + 1)
            case True, False:
                pairs = replace(pairs, first=pairs.first + 1)
            case False, True:
                pairs = replace(pairs, second=pairs.second + 1)
                worse.append(row.decision_id)
            case _:
                pairs = replace(pairs, neither=pairs.neither + 1)
        if row.routed_nano is not None and row.shadow_nano is not None:
            costs.append((row.routed_nano, row.shadow_nano))
    return ShadowComparison(
        route=route,
        model=model,
        good=difference(pairs),
        pairs=pairs,
        costed=len(costs),
        routed_nano=sum(one for one, _ in costs) if costs else None,
        shadow_nano=sum(one for _, one in costs) if costs else None,
        worse=tuple(worse[:examples]),
    )
