"""A database of before judges spoke keeps what people said, and takes what judges say."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from telemetry.content import ContentPolicy
from telemetry.evaluation import Kept, Opinion, keep
from telemetry.query.evaluations import of_decision
from telemetry.query.store import store_state
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.evaluation import EVALUATION_TASK
from tests.unit.telemetry.storage.test_version_6 import opened

_VERSION_10 = """
CREATE TABLE evaluation (
    decision_id VARCHAR NOT NULL, name VARCHAR NOT NULL, author VARCHAR NOT NULL, trace_id VARCHAR NOT NULL,
    ts DATETIME NOT NULL, given DATETIME NOT NULL, route VARCHAR NOT NULL, tenant VARCHAR NOT NULL,
    intent VARCHAR NOT NULL, purpose VARCHAR NOT NULL, simulated BOOLEAN NOT NULL, policy_version VARCHAR NOT NULL,
    risk VARCHAR NOT NULL, data_class VARCHAR NOT NULL, source VARCHAR NOT NULL, status VARCHAR NOT NULL,
    chosen VARCHAR, chosen_kind VARCHAR, score FLOAT NOT NULL, label VARCHAR, explanation TEXT,
    PRIMARY KEY (decision_id, name, author))
"""


def test_a_database_of_version_10_keeps_opinions_and_gets_an_empty_list_of_tasks(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    assert keep(engine, ContentPolicy("full"), Opinion("local", -0.5, "me", "too long")) == Kept(False, "kept")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM evaluation")
        connection.exec_driver_sql("DROP TABLE evaluation")
        EVALUATION_TASK.drop(connection)
        connection.exec_driver_sql(_VERSION_10)
        names = [column["name"] for column in sa.inspect(connection).get_columns("evaluation")]
        columns = ", ".join(names)
        connection.exec_driver_sql(f"INSERT INTO evaluation ({columns}) SELECT {columns} FROM kept")
        connection.exec_driver_sql("DROP TABLE kept")
        connection.exec_driver_sql("CREATE INDEX ix_evaluation_ts ON evaluation (ts)")
        connection.exec_driver_sql("CREATE INDEX ix_evaluation_trace ON evaluation (trace_id)")
        connection.exec_driver_sql("UPDATE meta SET value = '10' WHERE key = 'schema_version'")
    url = f"sqlite:///{engine.url.database}"
    migrated = open_engine(url)
    with migrated.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(EVALUATION_TASK)) == 0
        assert "evaluation_10" not in sa.inspect(connection).get_table_names()
        assert {index["name"] for index in sa.inspect(connection).get_indexes("evaluation")} == {
            *("ix_evaluation_ts", "ix_evaluation_trace", "ix_evaluation_parent", "ix_evaluation_said")
        }
    [said] = of_decision(open_reader(url), "local")
    assert (said.score, said.label, said.explanation, said.method) == (-0.5, "bad", "too long", "human")
    assert said.answer == "given"
    assert store_state(open_reader(url)).requests == 7


def test_the_step_can_be_taken_over_its_own_tables(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '10' WHERE key = 'schema_version'")
    open_engine(f"sqlite:///{engine.url.database}").dispose()
