"""What evaluators and people made of a made-up store, and what is still to be judged."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from telemetry.content import ContentPolicy
from telemetry.evaluation import Judgement, record
from telemetry.storage.engine import writing
from telemetry.storage.evaluation import EVALUATION_TASK
from telemetry.storage.operation import row_id
from tests.traces import START


def scored(score: float, threshold: float = 0.5, validator: str = "polite") -> str:
    """What a branch says of one validator's score."""
    passed = score >= threshold
    return json.dumps([{"validator": validator, "score": score, "threshold": threshold, "passed": passed}])


def judged(decision_id: str, good: bool | None, **fields: Any) -> Judgement:
    """A judge's verdict, by chance picked; ``fields`` of `Judgement` besides."""
    score = None if good is None else 0.9 if good else 0.2
    values: dict[str, Any] = {"name": "helpful", "author": "route/judging", "method": "judge", "sampled": True}
    return Judgement(decision_id, **(values | {"score": score, "good": good} | fields))


@dataclass(frozen=True)
class Waits:
    """A task to be inserted."""

    decision_id: str
    state: str = "waiting"
    why: str | None = None
    kind: str = "judge"
    name: str = "helpful"
    picked: datetime = START
    cost_nano: int | None = None
    place: float = 0.5
    sampled: bool = True
    ended: datetime | None = None

    def row(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "task_id": row_id(self.decision_id, self.kind, self.name, "given"),
            **{name: getattr(self, name) for name in ("decision_id", "kind", "name", "state", "why", "picked")},
            **{name: getattr(self, name) for name in ("cost_nano", "place", "sampled", "ended")},
            "trace_id": f"t{self.decision_id}",
            **{"ts": START, "route": "chat", "tenant": "acme", "simulated": False, "answer": "given"},
            **{"picked_for": "sample", "attempts": 0},
        }


def fill(engine: sa.Engine) -> None:
    """Verdicts on every decision of ``d000000`` to ``d000159`` and of shadow calls, and some tasks."""
    rng, content = random.Random(22), ContentPolicy("full")
    for number in range(160):
        for name in ("helpful", "Äpfel"):
            which: tuple[Literal["given", "rejected"], ...] = ("given", "rejected") if number % 3 == 0 else ("given",)
            for answer in which:
                said = judged(
                    f"d{number:06}",
                    rng.choice((True, True, False, None)),
                    name=name,
                    answer=answer,
                    sampled=rng.random() < 0.7,
                    stronger=rng.random() < 0.5,
                    scores=scored(rng.choice((0.0, 0.3, 0.55, 1.0))),
                    cost_nano=rng.choice((None, 0, 1_500)),
                    criteria=rng.choice(("v1", "v2")),
                )
                record(engine, content, said, now=START + timedelta(minutes=number))
        record(engine, content, judged(f"s{number:06}", rng.random() < 0.8), now=START + timedelta(hours=1))
    states = (("waiting", None), ("waiting", "later"), ("done", None), ("failed", "so"), ("left out", "so"))
    rows = [Waits(f"d{n:06}", *states[n % 5], cost_nano=None if n % 2 else n, picked=START).row() for n in range(40)]
    with writing(engine) as connection:
        connection.execute(sa.insert(EVALUATION_TASK), rows)
