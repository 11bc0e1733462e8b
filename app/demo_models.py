"""How the demo's models behave: fast or slow, terse or wordy, right or refusing, and what happens to them when.

Everything here is made up, and every row it leaves is marked as simulated. Three things happen in the eight weeks:
the large model gets cheaper at the start of week 4 (see `app.demo`), has a bad afternoon in week 5, in whose worst hour
it hardly answers, and the small model changes in week 6: its answers become shorter and slower, and it refuses more
often.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from router_core.clock import Clock
from router_core.errors import ProviderError, ProviderTimeout, RateLimited, UpstreamFailure
from router_core.pricing import Usage
from router_core.providers.base import Call
from router_core.providers.scripted import Reply
from router_core.signals.length import estimate_tokens

PROSE = (
    "the route keeps each answer short and names its source so that a reader can check what was said before it is "
    "used in a report while figures come from the last closed month and open points are listed at the end for the "
    "team to settle with the owner of the account who knows why the terms were changed and what was promised then"
)
WORDS = tuple(PROSE.split())
REFUSAL = "I'm sorry, but I can't help with that request."
CHUNKS = 3

LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "summarise": 70,
        "extract": 40,
        "classify": 12,
        "translate": 60,
        "code": 140,
        "reason": 160,
        "math": 45,
        "chat": 55,
        "creative": 180,
        "search": 80,
    }
)
"""Median words of an answer."""


@dataclass(frozen=True, slots=True)
class Nature:
    """What a model is like."""

    first_s: float
    """Median seconds to the first chunk."""
    words_per_s: float
    wordiness: float
    """Times the usual length of an answer."""
    weak: Mapping[str, float]
    """Chance of a bad answer by intent; ``*`` for all others."""
    refuses: float
    fails: float


NATURES: Mapping[str, Nature] = MappingProxyType(
    {
        "sprint-mini": Nature(
            0.28, 95, 0.9, {"*": 0.10, "reason": 0.35, "code": 0.3, "math": 0.25, "extract": 0.12}, 0.010, 0.006
        ),
        "harbor-8b": Nature(0.45, 45, 1.0, {"*": 0.07, "reason": 0.2, "code": 0.14, "math": 0.18}, 0.006, 0.003),
        "meridian-pro": Nature(0.75, 60, 1.15, {"*": 0.015, "reason": 0.04}, 0.004, 0.008),
    }
)


@dataclass(frozen=True, slots=True)
class Happenings:
    """When things happen, in absolute time."""

    incident_from: datetime
    incident_to: datetime
    outage_from: datetime
    """The worst hour of the incident."""
    change_from: datetime

    @classmethod
    def in_weeks_from(cls, first_monday: datetime) -> Happenings:
        """The incident on the Wednesday afternoon of week 5, the change at the start of week 6."""
        incident = first_monday + timedelta(weeks=4, days=2, hours=13)
        outage = incident + timedelta(hours=1)
        return cls(incident, incident + timedelta(hours=4), outage, first_monday + timedelta(weeks=5))

    def failing(self, now: datetime) -> float | None:
        """The chance that a call of the suffering model fails now; None outside the incident."""
        if not self.incident_from <= now < self.incident_to:
            return None
        return 0.95 if self.outage_from <= now < self.outage_from + timedelta(hours=1) else 0.3


class SimulatedModel:
    """The script of one model."""

    def __init__(self, name: str, clock: Clock, happenings: Happenings, rng: random.Random) -> None:
        self._name = name
        self._nature = NATURES[name]
        self._clock = clock
        self._happenings = happenings
        self._rng = rng

    def __call__(self, call: Call) -> Reply:
        """What this call gets, at this moment."""
        now = datetime.fromtimestamp(self._clock.time_ns() / 1e9, tz=UTC)
        changed = self._name == "sprint-mini" and now >= self._happenings.change_from
        suffers = self._happenings.failing(now) if self._name == "meridian-pro" else None
        slowness = (1.0 if suffers is None else 3.5) * (1.45 if changed else 1.0)
        first_s = self._nature.first_s * slowness * self._rng.lognormvariate(0, 0.35)
        error = self._error(self._nature.fails if suffers is None else suffers)
        if error is not None:
            return Reply.failing(error, first_chunk_s=first_s)
        text = self._answer(call, changed)
        words = max(len(text.split()), 1)
        per_chunk_s = words / self._nature.words_per_s * slowness * self._rng.lognormvariate(0, 0.2) / CHUNKS
        prompt_tokens = estimate_tokens(message.content for message in call.messages)
        cached = prompt_tokens // 2 if prompt_tokens > 400 and self._rng.random() < 0.4 else 0
        return Reply(
            chunks=_in_chunks(text),
            finish_reason="length" if words >= call.max_output_tokens * 0.75 else "stop",
            usage=Usage(prompt_tokens, estimate_tokens([text]), cached),
            first_chunk_s=first_s,
            chunk_s=per_chunk_s,
            response_model=f"{self._name}-2026-11" if changed else f"{self._name}-2026-08",
        )

    def _error(self, chance: float) -> ProviderError | None:
        if self._rng.random() >= chance:
            return None
        kind = self._rng.random()
        if kind < 0.4:
            return ProviderTimeout(f"{self._name} did not answer in time (simulated)")
        if kind < 0.75:
            return UpstreamFailure(f"{self._name} answered 503 (simulated)")
        return RateLimited(f"{self._name} answered 429 (simulated)", retry_after_s=2.0)

    def _answer(self, call: Call, changed: bool) -> str:
        intent = call.intent or "chat"
        if self._rng.random() < (0.05 if changed else self._nature.refuses):
            return REFUSAL
        bad = self._rng.random() < self._nature.weak.get(intent, self._nature.weak["*"])
        if call.response_schema is not None:
            return self._json(bad)
        if intent == "math":
            # Two models that are right say the same number; wrong ones say different ones.
            right = len(call.messages[-1].content) * 7 % 997
            return f"The result is {right if not bad else self._rng.randrange(1000, 9999)}."
        if bad and self._rng.random() < 0.6:
            return "I do not know."
        usual = LENGTHS.get(intent, 60) * self._nature.wordiness * (0.65 if changed else 1.0)
        count = max(8, min(int(usual * self._rng.lognormvariate(0, 0.45)), call.max_output_tokens))
        start = self._rng.randrange(len(WORDS))
        words = [WORDS[(start + place * 7) % len(WORDS)] for place in range(count)]
        return " ".join(words).capitalize() + "."

    def _json(self, bad: bool) -> str:
        if bad:
            return "Here is what I found: name, date and amount are in the second paragraph."
        return json.dumps({"name": self._rng.choice(WORDS), "amount": self._rng.randrange(10, 9000)})


def _in_chunks(text: str) -> tuple[str, ...]:
    size = -(-len(text) // CHUNKS)
    return tuple(text[start : start + size] for start in range(0, len(text), size))
