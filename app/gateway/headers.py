"""What an answer's headers tell: which decision it is, who answered, why, what it cost, and when to come again.

A header is one short line that proxies and logs keep. So what is in these comes from closed lists and from the policy's
names, never from a prompt, an answer or a validator's sentence: those are in the body and in the decision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from app.wiring import Service
from router_core.events import Answered, BranchStarted, Escalated, Event, Planned, SignalsRead
from router_core.result import BranchKind, Decision, Earlier

DECISION_ID: Final = "x-routescope-decision-id"
MODEL: Final = "x-routescope-model"
REASON: Final = "x-routescope-reason"
COST: Final = "x-routescope-cost-usd"
AGE: Final = "age"
"""Whole seconds since an answer of the cache was given first (RFC 9111, section 5.1)."""
LONGEST: Final = 200
"""Characters of a header's value."""
SOON_S: Final = 1
"""After which a client may come again, where nobody knows better."""
LATE_S: Final = 600
"""The longest that a client is asked to stay away."""


def of_decision(decision: Decision, earlier: Earlier | None = None) -> dict[str, str]:
    """The headers of a whole answer. What it cost is left out while unknown.

    ``earlier``: of an answer of the cache, where it comes from.
    """
    why = reason(decision.chosen_kind, decision.strategy, escalated=decision.escalated, fell_back=decision.fell_back)
    found = {DECISION_ID: decision.decision_id, **_of_model(decision.chosen or "", earlier), REASON: why}
    if decision.cost_usd is not None:
        found[COST] = f"{decision.cost_usd:.9f}"
    return found


def _of_model(answers: str, earlier: Earlier | None) -> dict[str, str]:
    """Who answers; of an answer of the cache, who gave it, and how old it is."""
    if earlier is None:
        return {MODEL: header_value(answers)}
    return {MODEL: header_value(earlier.model), AGE: str(int(earlier.age_s))}


def reason(kind: BranchKind | None, strategy: str, *, escalated: bool, fell_back: bool) -> str:
    """Why this model answers: the strategy's name, and what came before. Of a tool and the cache only that it was."""
    if kind in ("tool", "cache"):
        return kind
    before = [word for word, so in (("escalation", escalated), ("fallback", fell_back)) if so]
    return header_value(f"{strategy}: {'after ' + ' and '.join(before) if before else 'first choice'}")


@dataclass(slots=True)
class Course:
    """What a stream's headers can tell when its first token is there: what came before it."""

    decision_id: str = ""
    _strategy: str = ""
    _model: str = ""
    _kind: BranchKind | None = None
    _earlier: Earlier | None = None
    _escalated: bool = False
    _fell_back: bool = False

    def note(self, event: Event) -> None:
        """Learn from an event."""
        match event:
            case SignalsRead(decision_id=decision_id):
                self.decision_id = decision_id
            case Planned(strategy=strategy):
                self._strategy = strategy
            case BranchStarted(model=model, kind=kind):
                self._model, self._kind = model, kind
            case Answered(model=model, kind=kind, earlier=earlier):
                self._model, self._kind, self._earlier = model, kind, earlier
            case Escalated(cause=cause):
                self._escalated |= cause == "escalation"
                self._fell_back |= cause == "fallback"
            case _:
                pass

    def headers(self) -> dict[str, str]:
        """Those of a stream whose answer begins now. What it costs comes in its last chunk."""
        why = reason(self._kind, self._strategy, escalated=self._escalated, fell_back=self._fell_back)
        return {DECISION_ID: self.decision_id, **_of_model(self._model, self._earlier), REASON: why}


def of_refusal(request: Request, status: int, decision_id: str | None, wait_s: float | None = None) -> dict[str, str]:
    """The headers of an error: its decision's id when it has one, and with 429 and 503 when to come again.

    ``wait_s``: what an upstream asked for, if one did.
    """
    found = {} if not decision_id else {DECISION_ID: decision_id}
    if status not in (429, 503):
        return found
    return {**found, "retry-after": str(retry_after_s(request.app.state.service, wait_s))}


def retry_after_s(service: Service, wait_s: float | None = None) -> int:
    """Whole seconds until the first of the models that are not called now is called again, if nobody named any."""
    if wait_s is None:
        waits = [one.retry_in_s for one in service.router.fleet.snapshot() if one.retry_in_s is not None]
        wait_s = min(waits, default=SOON_S)
    return min(max(math.ceil(wait_s), SOON_S), LATE_S)


def header_value(text: str) -> str:
    """Printable ASCII of bounded length. Names in policies may hold other characters, and no header may."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:LONGEST])
