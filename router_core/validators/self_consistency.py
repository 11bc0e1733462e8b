"""Self-consistency: whether a model that is asked again says the same again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from router_core.request import RouteRequest
from router_core.validators.agreement import agreeing_with, missing, nothing_to_compare
from router_core.validators.base import Ask, Asked, CompleteAnswer, Score, Validator
from router_core.validators.extract import Wanted


class SelfConsistency(Validator):
    """Share of further answers of the same model that say what its answer says (Wang et al. 2022)."""

    asking: ClassVar[bool] = True

    def __init__(
        self, name: str, threshold: float, samples: int = 3, temperature: float = 0.7, wanted: Wanted = "auto"
    ) -> None:
        self.name = name
        self.threshold = threshold
        self._samples = samples
        self._temperature = temperature
        self._wanted = wanted

    def asks(self, answer: CompleteAnswer, request: RouteRequest) -> Sequence[Ask]:
        """The same model, so many more times."""
        return [
            Ask(
                "probe",
                answer.model,
                f"{self.name} asks {answer.model} again ({number} of {self._samples})",
                temperature=self._temperature,
                sample=number,
            )
            for number in range(1, self._samples + 1)
        ]

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Without a further answer nothing is confirmed: 0."""
        answered = [one for one in asked if one.answer]
        if not answered:
            return Score(0.0, f"{answer.model} gave no further answer to compare with{missing(asked)}.")
        if nothing := nothing_to_compare(answer, self._wanted):
            return nothing
        count = len(agreeing_with(answer, answered, self._wanted))
        share = f"{count or 'None'} of {len(answered)} further answers of {answer.model}"
        return Score(count / len(answered), f"{share} {'says' if count in (0, 1) else 'say'} the same{missing(asked)}.")
