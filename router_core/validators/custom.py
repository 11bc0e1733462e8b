"""Validators of one's own: any Python callable, found by entry point, kept where it can do no harm to a request.

def check(answer: CompleteAnswer, request: RouteRequest, **settings) -> float | bool | tuple[float, str] | Score
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

log = logging.getLogger("routescope.validators")

THREADS: Final = 4
"""Calls of one validator at a time; further ones wait, within their own time limit."""
_REASON_CHARACTERS: Final = 300


class Custom(Validator):
    """What the callable says. It runs in a thread, for a limited time; whatever goes wrong there is a score of 0."""

    def __init__(
        self,
        name: str,
        threshold: float,
        function: Callable[..., Any],
        settings: Mapping[str, Any],
        timeout_s: float = 1.0,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self._function = function
        self._settings = dict(settings)
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"validator-{name}")

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Runs the foreign code here and now; `score_aside` is for event loops."""
        try:
            return self._read(self._function(answer, request, **self._settings))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (foreign code: a request must not fail of it)
            # Without the error's own words: they may hold the prompt.
            log.error("validator %s raised %s", self.name, type(error).__name__)
            return Score(0.0, f"Validator {self.name} failed ({type(error).__name__}).")

    async def score_aside(self, answer: CompleteAnswer, request: RouteRequest, seconds: float) -> Score:
        """`score` in a thread, for at most so many seconds or its own limit, whichever is shorter."""
        limit = max(min(seconds, self._timeout_s), 0.0)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit):
                return await loop.run_in_executor(self._threads, self.score, answer, (), request)
        except TimeoutError:
            log.error("validator %s did not answer within %.3g s", self.name, limit)
            return Score(0.0, f"Validator {self.name} did not answer within {limit:.3g} s.")

    def _read(self, found: Any) -> Score:
        if inspect.iscoroutine(found):
            found.close()
        if isinstance(found, Score):
            if found.value is None:
                return Score(None, self._sentence(found.reason), bool(found.passes_unknown))
            found = (found.value, found.reason)
        value, reason = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        if not isinstance(value, bool | int | float) or not math.isfinite(value) or not 0 <= value <= 1:
            log.error("validator %s gave %s instead of a score from 0 to 1", self.name, type(value).__name__)
            return Score(0.0, f"Validator {self.name} gave no score from 0 to 1.")
        return Score(float(value), self._sentence(reason))

    def _sentence(self, reason: object) -> str:
        text = " ".join(reason.split())[:_REASON_CHARACTERS].rstrip(".") if isinstance(reason, str) else ""
        return f"{text}." if text else f"So says validator {self.name}."
