"""Length: whether an answer was cut off, and whether it is as long as it should be."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.request import RouteRequest
from router_core.signals.kinds import kinds
from router_core.signals.length import count_words
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator


class Length(Validator):
    """1 within the bounds; outside, the bound / the length or its inverse; 0 when the answer was cut off."""

    def __init__(
        self,
        name: str,
        threshold: float,
        *,
        min_words: int = 1,
        max_words: int | None = None,
        max_ratio: float | None = None,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self._min_words = min_words
        self._max_words = max_words
        self._max_ratio = max_ratio

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`."""
        if answer.finish_reason == "length":
            return Score(0.0, "The answer was cut off: it reached its limit of tokens.")
        words = count_words(kinds(answer.text))
        if words < self._min_words:
            return Score(words / self._min_words, f"The answer has {_words(words)}, fewer than {self._min_words}.")
        limit, because = self._limit(request)
        if limit is not None and words > limit:
            return Score(limit / words, f"The answer has {_words(words)}, more than {because}.")
        return Score(1.0, f"The answer has {_words(words)}, within bounds.")

    def _limit(self, request: RouteRequest) -> tuple[float | None, str]:
        """The tighter of the two upper bounds, in words, and its name."""
        limit, because = self._max_words, f"the {self._max_words} allowed"
        if self._max_ratio is None:
            return limit, because
        asked = count_words(kinds(request.prompt))
        by_ratio = max(1.0, self._max_ratio * asked)
        if limit is not None and limit <= by_ratio:
            return limit, because
        return by_ratio, f"{self._max_ratio:g} times the prompt's {asked}"


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"
