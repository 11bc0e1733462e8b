"""SQLite and PostgreSQL pick, order, end and give up the same tasks, and keep the same verdicts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemetry.content import ContentPolicy
from telemetry.evaluation import record
from telemetry.evaluation_sample import SamplePlan, ShadowPlan
from telemetry.evaluation_tasks import (
    LONGEST_WAIT,
    end,
    give_up,
    note_shadow,
    pick_tasks,
    put_off,
    spent_today,
    waiting,
)
from telemetry.query.cases import case
from telemetry.rows import Bundle
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from tests.contract.test_storage import NAMES, bundles, fill, shadow_calls
from tests.evaluations import judged
from tests.postgres import new_schema, postgres
from tests.traces import START

__all__ = ["postgres"]

NOW = START + timedelta(days=5)
PLANS = {
    name: SamplePlan(name, ("good",), 0.4, True, 0.5, 1, 99, 99, ShadowPlan("large", 0.2, 9, 9)) for name in NAMES[:6]
}


def worked_off(url: str, traces: list[Bundle]) -> list[Any]:
    engine = fill(url, traces)
    told: list[Any] = [pick_tasks(engine, PLANS, now=NOW, since=START - timedelta(days=1))]
    told.append(pick_tasks(engine, PLANS, now=NOW, since=START - timedelta(days=1)))
    told += [waiting(engine, kind, route, None, 50) for route in PLANS for kind in ("judge", "shadow")]  # type: ignore[arg-type]
    first, second, third, *_ = (task for route in PLANS for task in waiting(engine, "judge", route, "good", 50))
    end(engine, first, "done", now=NOW, nano=10**10)
    put_off(engine, second, now=NOW, why="größer")
    note_shadow(engine, third, "s000000", ("good",), NOW)
    told += [spent_today(engine, "judge", route, "good", NOW) for route in PLANS]
    told += [case(engine, f"d{number:06}") for number in range(90)]
    for good in (True, None):
        record(engine, ContentPolicy("full"), judged("d000001", good, words="größer"), now=NOW)
    told.append(give_up(engine, NOW + LONGEST_WAIT + timedelta(seconds=1)))
    with reading(engine) as connection:
        for table in (EVALUATION, EVALUATION_TASK):
            told.append(sorted(map(repr, connection.execute(sa.select(table)))))
    engine.dispose()
    return told


def test_both_do_the_same(postgres: Any, tmp_path: Path) -> None:
    traces = [*bundles()[:90], *shadow_calls()[:4]]
    on_sqlite = worked_off(f"sqlite:///{tmp_path / 't.db'}", traces)
    assert on_sqlite[0] > 20 and on_sqlite[1] == 0
    assert worked_off(new_schema(postgres), traces) == on_sqlite
