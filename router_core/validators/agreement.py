"""Agreement: whether other models, asked the same, say the same. Untrained, and the strongest sign there is."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer, Score
from router_core.validators.extract import Wanted, agree, extract


class Agreement:
    """Share of the siblings that say what the answer says."""

    def __init__(self, name: str, threshold: float, probes: tuple[str, ...], wanted: Wanted = "auto") -> None:
        self.name = name
        self.threshold = threshold
        self.probes = probes
        self._wanted = wanted

    def score(self, answer: CompleteAnswer, siblings: Sequence[CompleteAnswer], request: RouteRequest) -> Score:
        """See `Validator.score`. Without siblings nothing agrees: 0."""
        if not siblings:
            return Score(0.0, "No other model gave an answer to compare with.")
        said = extract(answer.text, self._wanted)
        if said is None:
            what = "anything" if self._wanted in ("auto", "text") else f"a {self._wanted}"
            return Score(0.0, f"The answer does not hold {what} that could be compared.")
        # Reasons are recorded even where answers are not: they name models, never what was said.
        agreeing = [sibling.model for sibling in siblings if agree(answer.text, sibling.text, self._wanted)]
        if not agreeing:
            names = ", ".join(sibling.model for sibling in siblings)
            return Score(0.0, f"None of {len(siblings)} other answers says the same ({names}).")
        verb = "says" if len(agreeing) == 1 else "say"
        return Score(
            len(agreeing) / len(siblings),
            f"{len(agreeing)} of {len(siblings)} other answers {verb} the same ({', '.join(agreeing)}).",
        )
