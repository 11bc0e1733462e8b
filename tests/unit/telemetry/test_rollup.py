from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import REQUESTS
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.storage.models import BRANCH_HOUR, REQUEST, REQUEST_HOUR
from tests.traces import START, Attempt, Routed, emit


def opened(folder: Path) -> Telemetry:
    return Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder)


def send(telemetry: Telemetry, *history: Routed) -> None:
    tracer = telemetry.tracer_provider.get_tracer("test")
    for routed in history:
        emit(tracer, routed)
    assert telemetry.sink.force_flush(60_000)


def test_an_hour_and_a_name_make_a_row(tmp_path: Path):
    by_tenant = REQUEST_HOUR.c.level == REQUESTS.covering(("tenant",), REQUEST_HOUR)
    with opened(tmp_path) as telemetry:
        history = [Routed(f"d{n}", at=START + timedelta(minutes=20 * n)) for n in range(6)]
        send(telemetry, *history, Routed("x", tenant="acme"))
        with telemetry.engine.connect() as connection:
            columns = (REQUEST_HOUR.c.hour, REQUEST_HOUR.c.tenant, REQUEST_HOUR.c.requests)
            rows = connection.execute(sa.select(*columns).where(by_tenant).order_by(*columns)).all()
    nine = int(START.timestamp()) // 3600
    assert rows == [(nine, "acme", 1), (nine, "default", 2), (nine + 1, "default", 3), (nine + 2, "default", 1)]


def test_an_unknown_cost_is_counted_and_not_taken_for_nothing(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        send(telemetry, Routed("a"), Routed("b", attempts=(Attempt(cost_nano=None),)))
        with telemetry.engine.connect() as connection:
            columns = (BRANCH_HOUR.c.branches, BRANCH_HOUR.c.cost_nano, BRANCH_HOUR.c.cost_unknown)
            assert connection.execute(sa.select(*columns).where(BRANCH_HOUR.c.level == 0)).one() == (2, 1_200, 1)


def test_a_rebuild_leaves_hours_alone_whose_raw_rows_are_gone(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        send(telemetry, Routed("old"), Routed("new", at=START + timedelta(days=3)))
        with telemetry.engine.begin() as connection:
            connection.execute(sa.delete(REQUEST).where(REQUEST.c.decision_id == "old"))
        rollup.rebuild(telemetry.engine)
        with telemetry.engine.connect() as connection:
            assert (
                connection.scalar(sa.select(sa.func.sum(REQUEST_HOUR.c.requests)).where(REQUEST_HOUR.c.level == 0)) == 2
            )


def test_a_rebuild_mends_a_rollup_that_was_tampered_with(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        send(telemetry, Routed("a"), Routed("b"))
        with telemetry.engine.begin() as connection:
            connection.execute(sa.update(REQUEST_HOUR).values(requests=99))
        rollup.rebuild(telemetry.engine)
        with telemetry.engine.connect() as connection:
            assert connection.scalar(sa.select(REQUEST_HOUR.c.requests).where(REQUEST_HOUR.c.level == 0)) == 2


def test_a_rebuild_leaves_alone_what_was_pruned_even_when_a_row_of_that_time_came_late(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        send(telemetry, Routed("old"), Routed("new", at=START + timedelta(days=3)))
        prune(telemetry.engine, keep_days=1, keep_content_days=None, now=START + timedelta(days=3))
        send(telemetry, Routed("late", at=START + timedelta(hours=1)))
        before = totals(telemetry.engine, Filters())
        assert before.requests == 3
        rollup.rebuild(telemetry.engine)
        assert totals(telemetry.engine, Filters()) == before
