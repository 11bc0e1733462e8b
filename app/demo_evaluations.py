"""Simulated verdicts on simulated answers, so that the page of quality shows something: nobody has judged anything.

Whether an answer is good follows from what the demo's models are like (`app.demo_models`): the weaker a model is at an
intent, the more of its answers are bad, and some of those no validator sees. A made-up judge sees it nine times in ten,
and made-up people always. Every row carries ``simulated``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from app.demo_models import NATURES, Happenings, SimulatedModel
from app.demo_traffic import requests
from app.settings import shipped
from router_core import semconv
from router_core.clock import ManualClock
from router_core.errors import RoutingError
from router_core.policy.loading import load_policy
from router_core.request import Context, RouteRequest
from router_core.router import Router
from telemetry.evaluation import FEEDBACK, REPEATED
from telemetry.evaluation_sample import place_of
from telemetry.setup import Telemetry
from telemetry.storage.engine import reading, writing
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import BRANCH, REQUEST

T = TypeVar("T")

NAME: Final = "helpful"
JUDGE: Final = "simulated judge"
PEOPLE: Final = "simulated person"
RATE: Final = 0.06
"""Share of the decisions that chance picks."""
ESCALATED: Final = 0.25
"""Share of the escalated decisions that are judged besides."""
SHADOWED: Final = 0.02
LABELLED: Final = 0.3
"""Share of the judged decisions that people judge too."""
RIGHT: Final = 0.9
"""How often the judge sees what an answer is worth."""
UNSEEN: Final = 0.4
"""Share of bad answers that no validator sees, as `SimulatedModel` writes them."""
COST_NANO: Final = 2_280_000
"""Of one judgement: about 900 tokens in and 60 out at a large model's price."""
AT_ONCE: Final = 500
FLUSH_MS: Final = 60_000
STRONGEST: Final = "meridian-pro"


def write_evaluations(telemetry: Telemetry, seed: int, *, rate: float = RATE, shadowed: float = SHADOWED) -> int:
    """Judge a part of the simulated decisions, and send some of their like to the strongest model as shadow calls.

    Args:
        telemetry: as for the history.
        seed: of the answers of shadow calls.
        rate: share of the decisions that chance picks.
        shadowed: share of them that are sent to the strongest model too.

    Returns:
        How many verdicts.
    """
    telemetry.sink.force_flush(FLUSH_MS)
    picked = _picked(telemetry.engine, rate)
    asyncio.run(_shadow_calls(telemetry, [row for row in picked if _is_shadowed(row, shadowed)], seed))
    telemetry.sink.force_flush(FLUSH_MS)
    rows = list(
        _rows([*picked, *_picked(telemetry.engine, rate, purpose="shadow")], _branches(telemetry.engine, picked))
    )
    for some in _parts(rows):
        with writing(telemetry.engine) as connection:
            connection.execute(sa.insert(EVALUATION), some)
    return len(rows)


def _picked(engine: sa.Engine, rate: float, purpose: str = "user") -> list[dict[str, Any]]:
    columns = [REQUEST.c[name] for name in (*REPEATED, "decision_id", "data_class", "baseline_model")]
    wanted = (REQUEST.c.simulated.is_(True), REQUEST.c.purpose == purpose, REQUEST.c.status == "ok")
    judged = sa.select(EVALUATION.c.decision_id).where(EVALUATION.c.simulated.is_(True), EVALUATION.c.name == NAME)
    with reading(engine) as connection:
        statement = sa.select(*columns).where(*wanted, REQUEST.c.chosen_kind == "model")
        found = connection.execute(statement.where(REQUEST.c.decision_id.not_in(judged))).mappings().all()
    places = ((dict(row), place_of(row["decision_id"])) for row in found)
    return [
        {**row, "sampled": purpose == "shadow" or place < rate}
        for row, place in places
        if purpose == "shadow" or place < rate or (row["escalated"] and place < ESCALATED)
    ]


def _branches(engine: sa.Engine, picked: list[dict[str, Any]]) -> dict[str, list[sa.Row[Any]]]:
    columns = [BRANCH.c[name] for name in ("decision_id", "model", "outcome", "scores")]
    found: dict[str, list[sa.Row[Any]]] = {}
    with reading(engine) as connection:
        for some in _parts([row["decision_id"] for row in picked]):
            statement = sa.select(*columns).where(BRANCH.c.decision_id.in_(some), BRANCH.c.kind == "model")
            for row in connection.execute(statement.order_by(BRANCH.c.decision_id, BRANCH.c.branch_index)):
                found.setdefault(row.decision_id, []).append(row)
    return found


def _rows(picked: list[dict[str, Any]], branches: dict[str, list[sa.Row[Any]]]) -> Iterator[dict[str, Any]]:
    for request in picked:
        tried = branches.get(request["decision_id"], [])
        given = next((one for one in tried if one.outcome == "accepted"), None)
        rejected = next((one for one in tried if one.outcome == "rejected"), None)
        good = _is_good(request, request["chosen"], "given")
        scores = "[]" if given is None else given.scores
        yield _verdict(request, good, answer="given", model=request["chosen"], scores=scores)
        if rejected is not None:
            first = _is_good(request, rejected.model, "rejected")
            yield _verdict(request, first, answer="rejected", model=rejected.model, scores=rejected.scores)
        if request["purpose"] == "user" and _dice(request, "people") < LABELLED:
            yield _row(request, FEEDBACK, PEOPLE, "human", 1.0 if good else -1.0, "good" if good else "bad")


def _verdict(request: dict[str, Any], good: bool, **fields: Any) -> dict[str, Any]:
    seen = good if _dice(request, f"judge {fields['answer']}") < RIGHT else not good
    score = (0.7 if seen else 0.0) + round(3 * _dice(request, f"grade {fields['answer']}")) / 10
    row = _row(request, NAME, JUDGE, "judge", score, "good" if seen else "bad")
    return row | fields | {"cost_nano": COST_NANO, "judge_model": STRONGEST, "criteria": "demo"}


def _row(request: dict[str, Any], name: str, author: str, method: str, score: float, label: str) -> dict[str, Any]:
    return {
        **{column: request[column] for column in (*REPEATED, "decision_id")},
        **{"name": name, "author": author, "answer": "given", "method": method, "score": score, "label": label},
        "given": request["ts"] + timedelta(hours=2),
        "explanation": None,
        **dict.fromkeys(("criteria", "judge_model", "judge_decision_id", "cost_nano")),
        **{"model": request["chosen"], "scores": "[]"},
        "sampled": request["sampled"],
        "stronger": request["chosen"] != STRONGEST,
    }


def _is_good(request: dict[str, Any], model: str, answer: str) -> bool:
    nature = NATURES.get(model)
    weak = 0.1 if nature is None else nature.weak.get(request["intent"], nature.weak["*"])
    # Most of what validators rejected is bad; of what they let pass, the share that they do not see.
    bad = 0.75 if answer == "rejected" else UNSEEN * weak / (1 - (1 - UNSEEN) * weak)
    return _dice(request, f"truth {answer}") >= bad


def _dice(request: dict[str, Any], what: str) -> float:
    """A number in [0, 1) that is always the same for the same question about the same decision."""
    text = f"{request['decision_id']} {what}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) / 2**64


def _parts(some: Iterable[T]) -> Iterator[list[T]]:
    """Lists of `AT_ONCE` each."""
    rest = iter(some)
    while part := list(islice(rest, AT_ONCE)):
        yield part


def _is_shadowed(row: dict[str, Any], share: float) -> bool:
    return place_of(row["decision_id"]) < share and row["chosen"] != STRONGEST


async def _shadow_calls(telemetry: Telemetry, parents: Iterable[dict[str, Any]], seed: int) -> None:
    """Requests of the same kind to the strongest model; the demo keeps no prompts that could be repeated."""
    some = sorted(parents, key=lambda row: row["ts"])
    if not some:
        return
    clock = ManualClock(some[0]["ts"])
    stream = requests(random.Random(seed + 2))  # noqa: S311 (a story, not a secret)
    quiet = datetime.min.replace(tzinfo=UTC)
    never = Happenings(quiet, quiet, quiet, datetime.max.replace(tzinfo=UTC))
    rng = random.Random(seed + 3)  # noqa: S311
    scripts = {name: SimulatedModel(name, clock, never, rng) for name in NATURES}
    tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
    loaded = load_policy(shipped("policies") / "demo.toml")
    router = Router.from_policy(loaded, clock=clock, scripts=scripts, tracer=tracer, sink=telemetry.sink)
    for row in some:
        moment = row["ts"] + timedelta(seconds=30)
        if moment.timestamp() * 1e9 > clock.time_ns():
            clock.move_to(moment)
        like = next(stream)
        request = RouteRequest(
            like.messages,
            route=STRONGEST,
            context=Context(tenant=row["tenant"], data_class=row["data_class"]),
            purpose="shadow",
            parent_decision_id=row["decision_id"],
            simulated=True,
        )
        try:
            await router.aroute(request)
        except RoutingError:
            continue  # A failed call, or one that the rules forbid, as the story has it.
