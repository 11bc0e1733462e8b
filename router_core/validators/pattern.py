"""Patterns and plain texts that an answer must hold, or must not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from router_core.patterns import compile_pattern
from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

_SHOWN: Final = 80


class Regex(Validator):
    """Share of patterns that hold. RE2 searches in time linear in the answer, whatever the answer is."""

    def __init__(
        self,
        name: str,
        threshold: float,
        *,
        must_match: Sequence[str] = (),
        must_not_match: Sequence[str] = (),
        ignore_case: bool = False,
    ) -> None:
        """Raises InvalidPattern for what RE2 does not take."""
        self.name = name
        self.threshold = threshold
        self._wanted = [(text, compile_pattern(text, ignore_case=ignore_case)) for text in must_match]
        self._unwanted = [(text, compile_pattern(text, ignore_case=ignore_case)) for text in must_not_match]

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`."""
        text = answer.text.encode("utf-8", "replace").decode()  # RE2 reads UTF-8, which has no lone surrogates
        missing = [shown for shown, pattern in self._wanted if pattern.search(text) is None]
        found = [shown for shown, pattern in self._unwanted if pattern.search(text) is not None]
        return _share(missing, found, len(self._wanted) + len(self._unwanted), "match", "matches")


class Contains(Validator):
    """Share of plain texts that stand in the answer, or do not, as they should."""

    def __init__(
        self,
        name: str,
        threshold: float,
        *,
        must_contain: Sequence[str] = (),
        must_not_contain: Sequence[str] = (),
        ignore_case: bool = False,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self._fold: Callable[[str], str] = str.casefold if ignore_case else str
        self._wanted = [(text, self._fold(text)) for text in must_contain]
        self._unwanted = [(text, self._fold(text)) for text in must_not_contain]

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`."""
        text = self._fold(answer.text)
        missing = [shown for shown, wanted in self._wanted if wanted not in text]
        found = [shown for shown, unwanted in self._unwanted if unwanted in text]
        return _share(missing, found, len(self._wanted) + len(self._unwanted), "contain", "contains")


def _share(missing: Sequence[str], found: Sequence[str], total: int, base: str, third: str) -> Score:
    """The score, and the first faults in the policy's own words: what the answer says is not repeated."""
    faults = [f"does not {base} {_short(text)}" for text in missing]
    faults += [f"{third} {_short(text)}, which it must not" for text in found]
    if not faults:
        return Score(1.0, f"The answer {third} what it must and nothing that it must not.")
    more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
    return Score((total - len(faults)) / total, f"The answer {'; it '.join(faults[:3])}{more}.")


def _short(text: str) -> str:
    shown = " ".join(text.split()) or "blanks"
    return repr(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "...")
