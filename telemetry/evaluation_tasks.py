"""The list of what is to be judged or repeated: filled from the decisions, worked off, and kept as its own record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.evaluation_sample import Candidate, Kind, Pick, SamplePlan, Stratum, picks, place_of
from telemetry.storage.engine import reading, writing
from telemetry.storage.evaluation import EVALUATION_TASK
from telemetry.storage.models import META, REQUEST

PICKED_UNTIL: Final = "evaluation_picked_until"
"""Where in ``meta`` it stands up to when decisions were looked at."""
OVERLAP: Final = timedelta(hours=1)
"""Decisions that began so long before are looked at again: some come late, from a spool."""
AT_ONCE: Final = 2_000
"""Decisions of one look, in one transaction."""
LONGEST_WAIT: Final = timedelta(days=2)
"""What nobody came to by then is left out."""
ATTEMPTS: Final = 3
WHY_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits."""

    task_id: str
    decision_id: str
    route: str
    kind: Kind
    name: str
    answer: str
    sampled: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What was done of one kind in one UTC day."""

    done: int
    nano: int
    """Nano-USD, as far as costs are known."""


def pick_tasks(
    engine: sa.Engine, plans: Mapping[str, SamplePlan], *, now: datetime, since: datetime | None = None
) -> int:
    """Note what is to be done about decisions of users since the last time; done twice, nothing is noted twice.

    Args:
        plans: by route.
        now: up to when.
        since: look at all decisions from then on, whatever was looked at before.

    Returns:
        How many new tasks.

    Raises:
        StorageError: the database cannot be used.
    """
    if not plans:
        return 0
    start = since or _start(engine, now)
    made, had = 0, _had(engine, start)
    for some in _candidates(engine, list(plans), start, now):
        wanted: dict[str, Pick] = {}
        for one in some:
            wanted |= {pick.task_id: pick for pick in picks(plans[one.route], [one], had)}
        made += _note(engine, wanted, now)
    with writing(engine) as connection:
        connection.execute(sa.delete(META).where(META.c.key == PICKED_UNTIL))
        connection.execute(sa.insert(META).values(key=PICKED_UNTIL, value=now.astimezone(UTC).isoformat()))
    return made


def waiting(engine: sa.Engine, kind: Kind, route: str, name: str | None, limit: int) -> list[Task]:
    """What waits, those that chance picked first, in the order of their places: a budget cuts off at random.

    Args:
        name: one evaluator's; None: of all.
        limit: at most so many.
    """
    columns = EVALUATION_TASK.c
    statement = (
        sa.select(
            *(columns.task_id, columns.decision_id, columns.route, columns.kind, columns.name, columns.answer),
            *(columns.sampled, columns.attempts),
        )
        .where(columns.state == "waiting", columns.kind == kind, columns.route == route)
        .order_by(columns.sampled.desc(), columns.place, columns.decision_id, columns.name, columns.answer)
        .limit(limit)
    )
    if name is not None:
        statement = statement.where(columns.name == name)
    with reading(engine) as connection:
        return [Task(*row) for row in connection.execute(statement)]


def number_waiting(engine: sa.Engine) -> int:
    """How many tasks wait."""
    columns = EVALUATION_TASK.c
    with reading(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).where(columns.state == "waiting")) or 0)


def spent_today(engine: sa.Engine, kind: Kind, route: str, name: str | None, now: datetime) -> Spent:
    """What was done since midnight, UTC."""
    columns = EVALUATION_TASK.c
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(columns.cost_nano), 0)).where(
        *(columns.ended >= midnight, columns.state == "done", columns.kind == kind, columns.route == route)
    )
    if name is not None:
        statement = statement.where(columns.name == name)
    with reading(engine) as connection:
        number, nano = connection.execute(statement).one()
    return Spent(number, nano)


def end(
    engine: sa.Engine, task: Task, state: str, *, now: datetime, why: str | None = None, nano: int | None = None
) -> None:
    """Note what became of a task: ``done``, ``failed`` or ``left out``."""
    change = {"state": state, "why": _short(why), "ended": now, "cost_nano": nano, "attempts": task.attempts + 1}
    _change(engine, [task.task_id], change)


def put_off(engine: sa.Engine, task: Task, *, now: datetime, why: str) -> None:
    """Note an attempt that failed and may be made again; after `ATTEMPTS` the task has failed."""
    if task.attempts + 1 >= ATTEMPTS:
        end(engine, task, "failed", now=now, why=why)
    else:
        _change(engine, [task.task_id], {"attempts": task.attempts + 1, "why": _short(why)})


def let_wait(engine: sa.Engine, tasks: Sequence[Task], why: str) -> None:
    """Say why these wait: the budget of a day, say."""
    _change(engine, [task.task_id for task in tasks], {"why": _short(why)})


def give_up(engine: sa.Engine, now: datetime) -> int:
    """Leave out what has waited for longer than `LONGEST_WAIT`; returns how many."""
    columns = EVALUATION_TASK.c
    late = sa.and_(columns.state == "waiting", columns.picked < now - LONGEST_WAIT)
    why = sa.func.coalesce(columns.why, "nobody came to it in time")
    with writing(engine) as connection:
        return connection.execute(
            sa.update(EVALUATION_TASK).where(late).values(state="left out", ended=now, why=why)
        ).rowcount


def note_shadow(engine: sa.Engine, task: Task, decision_id: str, evaluators: Sequence[str], now: datetime) -> bool:
    """Note that the answer of a shadow call is to be judged by those who judge the answer that was given.

    Returns:
        False when the store has no such decision, yet.
    """
    columns = [REQUEST.c[name] for name in _COLUMNS]
    with reading(engine) as connection:
        row = connection.execute(sa.select(*columns).where(REQUEST.c.decision_id == decision_id)).one_or_none()
    if row is None:
        return False
    if row.chosen is None:
        return True
    # Its money is the route's, whatever it was called by.
    found = replace(Candidate(**row._mapping), route=task.route)
    place = place_of(task.decision_id)
    wanted = [Pick(found, "judge", evaluator, "given", "shadow", place) for evaluator in evaluators]
    _note(engine, {pick.task_id: pick for pick in wanted}, now)
    return True


def _start(engine: sa.Engine, now: datetime) -> datetime:
    """A little before where it ended last; the first time at midnight."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with reading(engine) as connection:
        text = connection.scalar(sa.select(META.c.value).where(META.c.key == PICKED_UNTIL))
    return midnight if text is None else max(datetime.fromisoformat(text) - OVERLAP, now - LONGEST_WAIT)


def _had(engine: sa.Engine, start: datetime) -> Counter[Stratum]:
    """How many decisions of each stratum have tasks, from the midnight before ``start`` on."""
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    task = EVALUATION_TASK.c
    asked = (
        sa.select(REQUEST.c.decision_id, REQUEST.c.ts, REQUEST.c.route, REQUEST.c.intent, REQUEST.c.chosen)
        .join(EVALUATION_TASK, task.decision_id == REQUEST.c.decision_id)
        .where(task.ts >= midnight, task.kind == "judge")
        .distinct()
    )
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    return Counter((row.ts.astimezone(UTC).date(), row.route, row.intent, row.chosen) for row in rows)


_COLUMNS: Final = (
    *("decision_id", "trace_id", "ts", "route", "tenant", "intent", "chosen", "escalated", "score"),
    "baseline_model",
)


def _candidates(engine: sa.Engine, routes: list[str], start: datetime, end: datetime) -> Iterator[list[Candidate]]:
    """Answered requests of users, oldest first; what is simulated cannot be judged: nobody said it."""
    columns = REQUEST.c
    statement: sa.Select[Any] = (
        sa.select(*(columns[name] for name in _COLUMNS), columns.span_id)
        .where(columns.ts >= start, columns.ts <= end, columns.route.in_(routes), columns.purpose == "user")
        .where(columns.status == "ok", columns.chosen.is_not(None), columns.simulated.is_(False))
        .where(columns.source == "router")
        .order_by(columns.ts, columns.span_id)
        .limit(AT_ONCE)
    )
    after: sa.ColumnElement[bool] = sa.true()
    while True:
        with reading(engine) as connection:
            rows = connection.execute(statement.where(after)).all()
        if not rows:
            return
        yield [Candidate(**{name: getattr(row, name) for name in _COLUMNS}) for row in rows]
        last = rows[-1]
        after = sa.tuple_(columns.ts, columns.span_id) > sa.tuple_(
            sa.literal(last.ts, columns.ts.type), sa.literal(last.span_id)
        )


def _note(engine: sa.Engine, wanted: Mapping[str, Pick], now: datetime) -> int:
    if not wanted:
        return 0
    with writing(engine) as connection:
        ids = list(wanted)
        known = set[str]()
        for first in range(0, len(ids), 500):
            some = EVALUATION_TASK.c.task_id.in_(ids[first : first + 500])
            known |= set(connection.scalars(sa.select(EVALUATION_TASK.c.task_id).where(some)))
        new = [_row(pick, now) for task_id, pick in wanted.items() if task_id not in known]
        if new:
            connection.execute(sa.insert(EVALUATION_TASK), new)
    return len(new)


def _row(pick: Pick, now: datetime) -> dict[str, Any]:
    one = pick.candidate
    return {
        "task_id": pick.task_id,
        **{name: getattr(one, name) for name in ("decision_id", "trace_id", "ts", "route", "tenant")},
        "simulated": False,
        **{name: getattr(pick, name) for name in ("kind", "name", "answer", "picked_for", "sampled", "place")},
        "state": "waiting",
        "attempts": 0,
        "picked": now,
    }


def _change(engine: sa.Engine, ids: Sequence[str], values: Mapping[str, Any]) -> None:
    if not ids:
        return
    with writing(engine) as connection:
        connection.execute(sa.update(EVALUATION_TASK).where(EVALUATION_TASK.c.task_id.in_(ids)).values(**values))


def _short(why: str | None) -> str | None:
    return None if why is None else why[:WHY_CHARACTERS]
