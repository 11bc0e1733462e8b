"""Which of the complete answers is the final one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Aggregator: TypeAlias = Literal["first_accepted", "best_score"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A complete answer, in the order of completion."""

    index: int
    score: float | None
    """None when no validator scored it: nothing was found against it."""
    accepted: bool


def choose(aggregator: Aggregator, finished: Sequence[Finished]) -> Finished | None:
    """The final answer among complete ones; None when there is none.

    An accepted answer always wins. With none accepted, ``first_accepted`` gives the last one, which came from the
    strongest model asked; ``best_score`` gives the highest score, and of equals the later.
    """
    if not finished:
        return None
    accepted = [answer for answer in finished if answer.accepted]
    if accepted:
        return accepted[0] if aggregator == "first_accepted" else max(accepted, key=_score)
    return finished[-1] if aggregator == "first_accepted" else max(finished, key=_score)


def _score(answer: Finished) -> tuple[float, int]:
    return (1.0 if answer.score is None else answer.score, answer.index)
