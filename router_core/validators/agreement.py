"""Agreement: whether others, asked the same, say the same. Untrained, and the strongest sign there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from router_core.request import RouteRequest
from router_core.validators.base import Ask, Asked, CompleteAnswer, Score, Validator
from router_core.validators.extract import Wanted, agree, extract


class Agreement(Validator):
    """Share of other models' answers that say what the answer says."""

    asking: ClassVar[bool] = True

    def __init__(self, name: str, threshold: float, probes: tuple[str, ...], wanted: Wanted = "auto") -> None:
        self.name = name
        self.threshold = threshold
        self._probes = probes
        self._wanted = wanted

    def asks(self, answer: CompleteAnswer, request: RouteRequest) -> Sequence[Ask]:
        """One probe of each other model."""
        reason = f"{self.name} compares its answer with {answer.model}'s"
        return [Ask("probe", model, reason) for model in self._probes if model != answer.model]

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Without another answer nothing agrees: 0."""
        if not any(one.answer for one in asked):
            return Score(0.0, f"No other model gave an answer to compare with{missing(asked)}.")
        if nothing := nothing_to_compare(answer, self._wanted):
            return nothing
        answered = [one for one in asked if one.answer]
        agreeing = agreeing_with(answer, answered, self._wanted)
        if not agreeing:
            names = ", ".join(one.model for one in answered)
            return Score(0.0, f"None of {len(answered)} other answers says the same ({names}){missing(asked)}.")
        verb = "says" if len(agreeing) == 1 else "say"
        names = ", ".join(one.model for one in agreeing)
        return Score(
            len(agreeing) / len(answered),
            f"{len(agreeing)} of {len(answered)} other answers {verb} the same ({names}){missing(asked)}.",
        )


def nothing_to_compare(answer: CompleteAnswer, wanted: Wanted) -> Score | None:
    """0 when the answer does not hold what is compared."""
    if extract(answer.text, wanted) is not None:
        return None
    what = "anything" if wanted in ("auto", "text") else f"a {wanted}"
    return Score(0.0, f"The answer does not hold {what} that could be compared.")


def agreeing_with(answer: CompleteAnswer, others: Sequence[Asked], wanted: Wanted) -> list[Asked]:
    """Those who say what the answer says."""
    return [one for one in others if one.answer is not None and agree(answer.text, one.answer.text, wanted)]


def missing(asked: Sequence[Asked]) -> str:
    """Who gave no answer and why, to go before the full stop; each reason once."""
    gaps: dict[tuple[str, str], int] = {}
    for one in asked:
        if one.answer is None:
            key = one.model, one.missing.rstrip(".")
            gaps[key] = gaps.get(key, 0) + 1
    return "".join(
        f"; {model} gave none{f' {times} times' if times > 1 else ''}: {why}" for (model, why), times in gaps.items()
    )
