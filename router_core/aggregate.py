"""Which of the complete answers is the final one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from router_core.validators.extract import agree

Aggregator: TypeAlias = Literal["first_accepted", "best_score", "majority"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A complete answer."""

    index: int
    """Its branch: in the order of starting."""
    score: float | None
    """None when no validator scored it, or none could: nothing was found against it, unless it is not accepted."""
    accepted: bool
    text: str = ""


def choose(aggregator: Aggregator, finished: Sequence[Finished]) -> Finished | None:
    """The final answer among complete ones, which come in the order of completion; None when there is none.

    An accepted answer always wins: ``first_accepted`` gives the first of them, ``best_score`` the one with the highest
    score, ``majority`` the best of those that say what most say. With none accepted, ``first_accepted`` gives the last
    one, which came from the strongest model asked; the others choose among all. Of equals the later wins.
    """
    if not finished:
        return None
    accepted = [answer for answer in finished if answer.accepted]
    match aggregator:
        case "first_accepted":
            return accepted[0] if accepted else finished[-1]
        case "best_score":
            return max(accepted or finished, key=_rank)
        case "majority":
            return max(max(camps(accepted or finished), key=_weight), key=_rank)


def settles(aggregator: Aggregator, finished: Sequence[Finished]) -> bool:
    """Whether these answers are enough, so that no further model is asked.

    A majority is more than half of the accepted answers, and at least two: one voice is no vote.
    """
    accepted = [answer for answer in finished if answer.accepted]
    if aggregator != "majority":
        return bool(accepted)
    largest = max((len(camp) for camp in camps(accepted)), default=0)
    return largest >= 2 and 2 * largest > len(accepted)


def camps(finished: Sequence[Finished]) -> list[list[Finished]]:
    """Answers that say the same, put together; two texts are compared as `agreement` compares them.

    Agreement of words is not transitive: an answer joins the first camp whose first answer it agrees with.
    """
    found: list[list[Finished]] = []
    for answer in finished:
        home = next((camp for camp in found if agree(camp[0].text, answer.text)), None)
        if home is None:
            found.append([answer])
        else:
            home.append(answer)
    return found


def _weight(camp: Iterable[Finished]) -> tuple[int, tuple[float, int]]:
    ranks = [_rank(answer) for answer in camp]
    return len(ranks), max(ranks)


def _rank(answer: Finished) -> tuple[float, int]:
    unknown = 1.0 if answer.accepted else 0.0
    return (unknown if answer.score is None else answer.score, answer.index)
