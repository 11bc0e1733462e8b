"""What became of escalations, as far as validators can tell: no evaluation, no opinion of which answer was better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from telemetry.query.chains import Answer, Chain
from telemetry.query.proportion import Proportion

Ending: TypeAlias = Literal["passed", "unheard", "low", "none"]
"""passed: the answer that was given passed what had rejected the first. unheard: that validator did not speak of it,
as those that ask other models do not of the last one. low: it fell below as well, and was given for want of a better
one. none: no further answer came."""
ENDINGS: Final[tuple[Ending, ...]] = ("passed", "unheard", "low", "none")


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The escalations away from one model."""

    model: str
    endings: dict[Ending, Proportion]
    """Each of all escalations away from it."""
    escalations: int
    rejected_nano: int | None
    """What the answers that were not given cost; None when one of them is unknown."""
    further_nano: int | None
    """What came after the first of them cost."""
    newest: dict[Ending, str]
    """A decision of each."""


def aftermaths(chains: Sequence[Chain]) -> list[Aftermath]:
    """By the model that was rejected first, the most frequent first; a tool's doubt is no escalation."""
    found: defaultdict[str, list[tuple[Ending, Chain, int]]] = defaultdict(list)
    for chain in chains:
        models = [number for number, answer in enumerate(chain.answers) if answer.kind == "model"]
        if not chain.escalated or not models:
            continue
        first, last = models[0], models[-1]
        rejected = chain.answers[first]
        ending = _ending(rejected, chain.answers[last] if last > first else None)
        found[rejected.model].append((ending, chain, first))
    rows = [_of_one(model, some) for model, some in found.items()]
    return sorted(rows, key=lambda row: (-row.escalations, row.model))


def rejected_by(chains: Sequence[Chain]) -> dict[tuple[str, str], str]:
    """For each validator and model the newest decision in which the one rejected the other."""
    newest: dict[tuple[str, str], str] = {}
    for chain in chains:
        for answer in chain.answers:
            for score in answer.scores:
                if not score.passed and not answer.given:
                    newest.setdefault((score.validator, answer.model), chain.decision_id)
    return newest


def _ending(rejected: Answer, given: Answer | None) -> Ending:
    if given is None:
        return "none"
    if not given.passed:
        return "low"
    against = {score.validator for score in rejected.scores if not score.passed}
    return "passed" if against <= {score.validator for score in given.scores} else "unheard"


def _of_one(model: str, some: Sequence[tuple[Ending, Chain, int]]) -> Aftermath:
    newest: dict[Ending, str] = {}
    for ending, chain, _ in some:
        newest.setdefault(ending, chain.decision_id)
    return Aftermath(
        model=model,
        endings={name: Proportion.of(sum(ending == name for ending, _, _ in some), len(some)) for name in ENDINGS},
        escalations=len(some),
        rejected_nano=_sum([answer.cost_nano for _, chain, _ in some for answer in chain.answers if not answer.given]),
        further_nano=_sum(
            [
                *(answer.cost_nano for _, chain, first in some for answer in chain.answers[first + 1 :]),
                *(chain.tail_nano for _, chain, _ in some),
            ]
        ),
        newest=newest,
    )


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
