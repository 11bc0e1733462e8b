from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.errors import OlderSchema
from telemetry.query.decision import decision
from telemetry.query.filters import Filters
from telemetry.query.overview import by_model, totals
from telemetry.query.store import store_state
from telemetry.storage import migrations
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.migrations import TABLES, known_version
from telemetry.storage.models import BRANCH, REQUEST, ROLLUPS

VERSION_1 = Path(__file__).parents[3] / "data" / "version_1.sql"
EVERYTHING = Filters(purposes=())


@pytest.fixture
def url(tmp_path: Path) -> str:
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.executescript(VERSION_1.read_text(encoding="utf-8"))
    raw.close()
    return f"sqlite:///{tmp_path / 't.db'}"


def rows(engine: sa.Engine, *tables: sa.Table) -> list[list[Any]]:
    with engine.connect() as connection:
        return [connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in tables]


def test_an_old_database_is_brought_up_to_date_when_it_is_opened(url: str):
    with pytest.raises(OlderSchema):
        store_state(open_reader(url))
    engine = open_engine(url)
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests, state.schema_version) == (7, 1, known_version())
    assert {table.name for table in TABLES} <= set(sa.inspect(engine).get_table_names())


def test_its_tables_are_those_of_a_new_database(url: str, tmp_path: Path):
    old, new = sa.inspect(open_engine(url)), sa.inspect(open_engine(f"sqlite:///{tmp_path / 'new.db'}"))
    assert set(old.get_table_names()) == set(new.get_table_names())
    for table in new.get_table_names():
        for what in ("get_columns", "get_indexes"):
            names = [{entry["name"] for entry in getattr(one, what)(table)} for one in (old, new)]
            assert names[0] == names[1], table
        assert old.get_pk_constraint(table) == new.get_pk_constraint(table)


def test_what_branches_knew_becomes_columns(url: str):
    with open_engine(url).connect() as connection:
        columns = (BRANCH.c.deployment, BRANCH.c.attempt, BRANCH.c.attributes)
        retried = sa.select(*columns).where(BRANCH.c.decision_id == "retried").order_by(BRANCH.c.branch_index)
        assert connection.execute(retried).all() == [("eu", 1, None), ("us", 2, None), ("eu", 3, None)]
        risks = dict(connection.execute(sa.select(BRANCH.c.decision_id, BRANCH.c.risk)).all())
    assert (risks["plain"], risks["failed"]) == ("low", "high")
    found = decision(open_reader(url), "retried")
    assert found is not None and [one["deployment"] for one in found.document["branches"]] == ["eu", "us", "eu"]


def test_the_parts_of_a_cost_are_computed(url: str):
    with open_engine(url).begin() as connection:
        parts = (REQUEST.c.judge_nano, REQUEST.c.probe_nano, REQUEST.c.retry_nano)
        found = {name: tuple(rest) for name, *rest in connection.execute(sa.select(REQUEST.c.decision_id, *parts))}
    assert found["escalated"] == (300, 70, 0)
    assert found["plain"] == found["denied"] == found["retried"] == (0, 0, 0)


def test_rollups_of_pruned_rows_are_kept_with_what_they_knew(url: str):
    engine = open_engine(url)
    old = Filters(end=datetime(2026, 2, 1, tzinfo=UTC))
    shown = totals(engine, old)
    assert (shown.requests, shown.cost_nano, shown.latency_p50_ms) == (1, 1_200, pytest.approx(42, rel=0.011))
    assert totals(engine, Filters(end=old.end, tenants=("acme",))).requests == 1
    assert [(entry.model, entry.accepted) for entry in by_model(engine, old)] == [("small", 1)]


def test_a_rebuild_changes_nothing_of_what_the_step_made(url: str):
    engine = open_engine(url)
    made = rows(engine, *ROLLUPS)
    empty = [table.name for table, some in zip(ROLLUPS, made, strict=True) if not some]
    assert empty == ["verdict_hour", "verdict_day"], "no rule did anything"
    rollup.rebuild(engine)
    assert rows(engine, *ROLLUPS) == made


def test_the_second_opening_does_nothing(url: str):
    before = rows(open_engine(url), *TABLES)
    assert rows(open_engine(url), *TABLES) == before


DIES = """
import os, sys
from telemetry import rollup
from telemetry.storage.engine import open_engine
rollup.days_from_hours = lambda *rest: os._exit(9)
open_engine(sys.argv[1])
"""


def test_a_process_that_dies_in_the_middle_leaves_the_old_version_whole(url: str, tmp_path: Path):
    died = subprocess.run([sys.executable, "-c", DIES, url], check=False)
    assert died.returncode == 9
    raw = sqlite3.connect(tmp_path / "t.db")
    assert raw.execute("SELECT value FROM meta").fetchall() == [("1",)]
    assert raw.execute("SELECT count(*) FROM request_hour").fetchone() == (7,)
    raw.close()
    assert totals(open_engine(url), EVERYTHING).requests == 7


def test_a_long_step_says_how_far_it_is(url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(migrations, "TELL_EVERY_S", 0.0)
    with caplog.at_level(logging.WARNING, "telemetry.storage.migrations"):
        open_engine(url)
    told = [record.getMessage() for record in caplog.records]
    assert "to schema version 2" in told[0] and told[-1].endswith("100 %")


def test_a_short_one_says_nothing(url: str, caplog: pytest.LogCaptureFixture):
    open_engine(url)
    assert caplog.records == []


def test_an_unknown_cost_makes_its_part_unknown(url: str, tmp_path: Path):
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.execute("UPDATE branch SET cost_nano = NULL WHERE kind = 'probe'")
    raw.commit()
    raw.close()
    with open_engine(url).connect() as connection:
        parts = sa.select(REQUEST.c.judge_nano, REQUEST.c.probe_nano).where(REQUEST.c.decision_id == "escalated")
        assert connection.execute(parts).one() == (300, None)


def test_an_empty_database_of_the_old_version_is_taken_too(url: str, tmp_path: Path):
    raw = sqlite3.connect(tmp_path / "t.db")
    for table in ("request", "branch", "span", "content", "request_hour", "branch_hour"):
        raw.execute(f"DELETE FROM {table}")
    raw.commit()
    raw.close()
    assert totals(open_engine(url), Filters(start=datetime.now(UTC) - timedelta(days=1))).requests == 0
