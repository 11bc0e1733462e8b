"""A database of before there were hours of samples gets them, and the index on what people said."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.pipeline import processes
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.operation import PIPELINE_SAMPLE
from tests.operation import SAMPLES
from tests.traces import START
from tests.unit.telemetry.storage.test_version_6 import opened


@pytest.fixture
def migrated(tmp_path: Path) -> sa.Engine:
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with writing(engine) as connection:
        connection.execute(sa.delete(PIPELINE_SAMPLE))
        connection.execute(sa.insert(PIPELINE_SAMPLE), list(SAMPLES))
        connection.exec_driver_sql("DROP TABLE pipeline_hour")
        connection.exec_driver_sql("DROP INDEX ix_evaluation_said")
        connection.exec_driver_sql("UPDATE meta SET value = '13' WHERE key = 'schema_version'")
    return open_engine(f"sqlite:///{engine.url.database}")


def test_samples_of_before_are_in_the_hours(migrated: sa.Engine):
    assert {one.process: one.written for one in processes(migrated, since=START)} == {"one": 400, "two": 100}


def test_what_people_said_has_its_index(migrated: sa.Engine):
    found = {index["name"]: index["column_names"] for index in sa.inspect(migrated).get_indexes("evaluation")}
    assert found["ix_evaluation_said"] == ["decision_id", "score"]
