"""Which decisions are judged, and which are repeated by a shadow call: a pure function of the decisions.

Every decision has a place between 0 and 1, made from its id. Those below the rate are the sample: whoever draws again
draws the same, and each decision has the same chance, so that shares of the sample stand for the traffic. Others are
judged besides: escalated ones, low scores, and the first of each intent and model of a day, so that no kind of request
is overlooked. They are marked as such, since they stand for themselves alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from telemetry.storage.operation import row_id

Kind: TypeAlias = Literal["judge", "shadow"]
AnswerKind: TypeAlias = Literal["given", "rejected"]
PickedFor: TypeAlias = Literal["sample", "escalated", "low score", "stratum", "shadow"]
Stratum: TypeAlias = tuple[date, str, str, str]
"""UTC day, route, intent and the model that answered."""

_BITS: Final = 2**64


@dataclass(frozen=True, slots=True)
class ShadowPlan:
    """Which requests of a route go to another model as well."""

    model: str | None
    """None: each decision's own baseline."""
    rate: float
    """Share of the route's decisions."""
    per_day: int
    nano_per_day: int
    """Nano-USD."""


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """What of a route is judged. Rates are shares 0..1, money is nano-USD."""

    route: str
    evaluators: tuple[str, ...]
    rate: float
    escalated: bool
    """Judge every decision that escalated, and the answer that was rejected first."""
    low_score: float | None
    """Judge every decision that scored below; None: not for its score."""
    at_least: int
    """Of each stratum."""
    per_day: int
    nano_per_day: int
    shadow: ShadowPlan | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A decision that may be picked."""

    decision_id: str
    trace_id: str
    ts: datetime
    route: str
    tenant: str
    intent: str
    chosen: str
    escalated: bool
    score: float | None
    """Of the answer that was given; None when nothing was scored."""
    baseline_model: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing to do."""

    candidate: Candidate
    kind: Kind
    name: str
    """The evaluator; of a shadow call the model."""
    answer: AnswerKind
    picked_for: PickedFor
    place: float

    @property
    def sampled(self) -> bool:
        """Whether chance alone picked it."""
        return self.picked_for in ("sample", "shadow")

    @property
    def task_id(self) -> str:
        """The same for the same thing, however often it is picked."""
        return row_id(self.candidate.decision_id, self.kind, self.name, self.answer)


def place_of(decision_id: str) -> float:
    """A number in [0, 1) that looks random and is always the same for a decision."""
    return int.from_bytes(blake2b(decision_id.encode("utf-8", "replace"), digest_size=8).digest()) / _BITS


def picks(plan: SamplePlan, candidates: Iterable[Candidate], had: Counter[Stratum]) -> Iterator[Pick]:
    """What is to be done about these decisions of the plan's route, oldest first.

    Args:
        had: how many decisions of each stratum were picked before; goes on counting.
    """
    for one in candidates:
        place = place_of(one.decision_id)
        reason = _reason(plan, one, place, had)
        if reason is None:
            continue
        had[_stratum(one)] += 1
        for evaluator in plan.evaluators:
            yield Pick(one, "judge", evaluator, "given", reason, place)
            # A draft without its answer says nothing of whether escalating was needed.
            if one.escalated:
                yield Pick(one, "judge", evaluator, "rejected", reason, place)
        # A part of the sample: the same prompt has a verdict on the answer that was given.
        if plan.shadow is not None and place < min(plan.shadow.rate, plan.rate):
            model = plan.shadow.model or one.baseline_model
            if model is not None and model != one.chosen:
                yield Pick(one, "shadow", model, "given", "shadow", place)


def _reason(plan: SamplePlan, one: Candidate, place: float, had: Counter[Stratum]) -> PickedFor | None:
    if place < plan.rate:
        return "sample"
    if plan.escalated and one.escalated:
        return "escalated"
    if plan.low_score is not None and one.score is not None and one.score < plan.low_score:
        return "low score"
    return "stratum" if had[_stratum(one)] < plan.at_least else None


def _stratum(one: Candidate) -> Stratum:
    return one.ts.date(), one.route, one.intent, one.chosen
