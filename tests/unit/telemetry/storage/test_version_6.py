from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.query.filters import Filters
from telemetry.query.overview import breakdown, totals
from telemetry.storage.engine import open_engine
from telemetry.storage.migrations import known_version
from telemetry.storage.models import BRANCH, REQUEST, ROLLUPS
from telemetry.storage.rollups import BRANCH_DAY, TOP_COST, VERDICT_DAY
from tests.traces import START

DATA = Path(__file__).parents[3] / "data"
EVERYTHING = Filters(purposes=())


@pytest.fixture(params=["version_1.sql", "version_3.sql", "version_4.sql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return opened(tmp_path, request.param)


def opened(folder: Path, name: str) -> str:
    raw = sqlite3.connect(folder / "t.db")
    raw.executescript((DATA / name).read_text(encoding="utf-8"))
    raw.close()
    return f"sqlite:///{folder / 't.db'}"


def rows(engine: sa.Engine, *tables: sa.Table) -> list[list[Any]]:
    with engine.connect() as connection:
        return [list(connection.execute(sa.select(table).order_by(*table.primary_key))) for table in tables]


def test_every_earlier_database_gets_todays_tables(url: str, tmp_path: Path):
    old, new = sa.inspect(open_engine(url)), sa.inspect(open_engine(f"sqlite:///{tmp_path / 'new.db'}"))
    assert set(old.get_table_names()) == set(new.get_table_names())
    for table in new.get_table_names():
        for what in ("get_columns", "get_indexes"):
            names = [{entry["name"] for entry in getattr(one, what)(table)} for one in (old, new)]
            assert names[0] == names[1], table


def test_no_request_is_lost_and_a_rebuild_changes_nothing(url: str):
    engine = open_engine(url)
    made = rows(engine, *ROLLUPS)
    assert totals(engine, EVERYTHING).requests == 7
    rollup.rebuild(engine)
    assert rows(engine, *ROLLUPS) == made
    assert rows(open_engine(url), *ROLLUPS) == made


def test_branches_learn_what_their_decision_and_its_policy_know(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_3.sql"))
    with engine.connect() as connection:
        columns = (BRANCH.c.model, BRANCH.c.data_class, BRANCH.c.source, BRANCH.c.location)
        found = {
            name: [tuple(rest) for one, *rest in connection.execute(statement) if one == name]
            for statement in [
                sa.select(REQUEST.c.decision_id, *columns).join(BRANCH, BRANCH.c.trace_id == REQUEST.c.trace_id)
            ]
            for name in ("local", "escalated", "made-up")
        }
    assert found["local"] == [("small", "sensitive", "router", "local")]
    assert sorted(found["escalated"]) == [
        ("large", "internal", "router", "cloud"),
        ("small", "internal", "router", "local"),
    ]
    assert found["made-up"] == [("small", "internal", "router", None)], "of its policy there is no text"


def test_rollups_know_who_told_of_a_request_also_of_days_whose_rows_are_gone(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_3.sql"))
    assert totals(engine, Filters(purposes=(), source="otlp")).requests == 1
    assert totals(engine, Filters(purposes=(), source="router")).requests == 6
    pruned = Filters(end=datetime(2026, 2, 15, tzinfo=UTC))
    assert (totals(engine, pruned).requests, totals(engine, pruned).cost_nano) == (1, 1_200)
    assert [(group.value, group.requests) for group in breakdown(engine, pruned, "tenant")] == [("acme", 1)]
    assert totals(engine, Filters(data_classes=("sensitive",))).requests == 1, "the pruned one did not say its class"


def test_what_rules_did_is_counted_as_far_as_rows_reach(tmp_path: Path):
    (counted,) = rows(open_engine(opened(tmp_path, "version_3.sql")), VERDICT_DAY)
    finest = [row for row in counted if row.tenant]
    found = {
        (row.day, row.rule, row.outcome, row.tenant, row.requests)
        for row in finest
        if row.level == max(r.level for r in counted)
    }
    first = int(START.timestamp() // 86_400)
    assert found == {
        (first, "sensitive-stays-local", "required", "acme", 1),
        (first + 1, "no-secrets", "denied", "default", 1),
    }


def test_the_dearest_decisions_are_listed_and_places_are_counted(tmp_path: Path):
    listed, days = rows(open_engine(opened(tmp_path, "version_3.sql")), TOP_COST, BRANCH_DAY)
    assert {row.decision_id for row in listed if row.level == 0} >= {"plain", "local", "escalated", "made-up"}
    places = {(row.data_class, row.model, row.location) for row in days if row.data_class}
    assert ("sensitive", "small", "local") in places and ("internal", "large", "cloud") in places


def test_the_step_may_be_taken_again(tmp_path: Path):
    url = opened(tmp_path, "version_3.sql")
    engine = open_engine(url)
    made = rows(engine, *ROLLUPS, BRANCH)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '5' WHERE key = 'schema_version'")
    assert rows(open_engine(url), *ROLLUPS, BRANCH) == made
    assert known_version() >= 6
