from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.content import ContentPolicy
from telemetry.evaluation import Kept, Opinion, keep
from telemetry.query.decisions import page
from telemetry.query.evaluations import of_decision
from telemetry.query.filters import Filters
from telemetry.query.incidents import timeline
from telemetry.query.store import store_state
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.migrations import known_version

VERSION_4 = Path(__file__).parents[3] / "data" / "version_4.sql"


@pytest.fixture
def url(tmp_path: Path) -> str:
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.executescript(VERSION_4.read_text(encoding="utf-8"))
    raw.close()
    return f"sqlite:///{tmp_path / 't.db'}"


def test_a_database_of_version_4_takes_opinions_on_its_decisions_and_keeps_the_rest(url: str):
    engine = open_engine(url)
    assert keep(engine, ContentPolicy("full"), Opinion("local", 1.0, "me")) == Kept(False, "none")
    assert [one.label for one in of_decision(open_reader(url), "local")] == ["good"]
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests, state.schema_version) == (7, 1, known_version())
    assert [row.decision_id for row in page(open_reader(url), Filters(), search="Anna's parcel").rows] == ["local"]
    assert [row.kind for row in timeline(open_reader(url), Filters()).rows] == ["breaker_opened"]


def test_its_tables_are_those_of_a_new_database(url: str, tmp_path: Path):
    old, new = sa.inspect(open_engine(url)), sa.inspect(open_engine(f"sqlite:///{tmp_path / 'new.db'}"))
    assert set(old.get_table_names()) == set(new.get_table_names())
    for table in new.get_table_names():
        for what in ("get_columns", "get_indexes"):
            names = [{entry["name"] for entry in getattr(one, what)(table)} for one in (old, new)]
            assert names[0] == names[1], table
        assert old.get_pk_constraint(table) == new.get_pk_constraint(table)
