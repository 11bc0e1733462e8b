from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.incidents import timeline
from telemetry.query.store import store_state
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.migrations import known_version
from telemetry.storage.operation import OPERATION

VERSION_3 = Path(__file__).parents[3] / "data" / "version_3.sql"


@pytest.fixture
def url(tmp_path: Path) -> str:
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.executescript(VERSION_3.read_text(encoding="utf-8"))
    raw.close()
    return f"sqlite:///{tmp_path / 't.db'}"


def test_a_database_of_version_3_gets_what_is_missing_and_keeps_the_rest(url: str):
    engine = open_engine(url)
    assert {table.name for table in OPERATION} <= set(sa.inspect(engine).get_table_names())
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests, state.schema_version) == (7, 1, known_version())
    assert [row.decision_id for row in page(open_reader(url), Filters(), search="Anna's parcel").rows] == ["local"]
    assert timeline(open_reader(url), Filters()).rows == []


def test_its_tables_are_those_of_a_new_database(url: str, tmp_path: Path):
    old, new = sa.inspect(open_engine(url)), sa.inspect(open_engine(f"sqlite:///{tmp_path / 'new.db'}"))
    assert set(old.get_table_names()) == set(new.get_table_names())
    for table in new.get_table_names():
        for what in ("get_columns", "get_indexes"):
            names = [{entry["name"] for entry in getattr(one, what)(table)} for one in (old, new)]
            assert names[0] == names[1], table
        assert old.get_pk_constraint(table) == new.get_pk_constraint(table)


def test_the_step_may_find_its_tables_made_already(url: str):
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '3' WHERE key = 'schema_version'")
    assert store_state(open_engine(url)).schema_version == known_version()
