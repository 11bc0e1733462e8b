"""A database of before decisions were found by tenant gets the indexes, and the levels for one name alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import REQUESTS
from telemetry.query.filters import Filters
from telemetry.query.overview import breakdown
from telemetry.storage.engine import open_engine
from telemetry.storage.models import ROLLUPS
from tests.unit.telemetry.storage.test_version_6 import opened, rows

OLD_FINEST = 9


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with engine.begin() as connection:
        for table in (REQUESTS.hours, REQUESTS.days):
            connection.execute(sa.delete(table).where(table.c.level.between(OLD_FINEST, REQUESTS.finest - 1)))
            connection.execute(sa.update(table).where(table.c.level == REQUESTS.finest).values(level=OLD_FINEST))
        connection.exec_driver_sql("DROP INDEX ix_request_tenant")
        connection.exec_driver_sql("DROP INDEX ix_request_ts")
        connection.exec_driver_sql("CREATE INDEX ix_request_ts ON request (ts, span_id)")
        connection.exec_driver_sql("DROP INDEX ix_pipeline_sample_ts")
        connection.exec_driver_sql("CREATE INDEX ix_pipeline_sample_ts ON pipeline_sample (ts)")
        connection.exec_driver_sql("UPDATE meta SET value = '12' WHERE key = 'schema_version'")
    return engine


def test_the_indexes_are_those_of_a_new_database(engine: sa.Engine, tmp_path: Path):
    migrated = open_engine(f"sqlite:///{engine.url.database}")
    fresh = open_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    found, wanted = (
        {
            index["name"]: index["column_names"]
            for table in ("request", "pipeline_sample")
            for index in sa.inspect(one).get_indexes(table)
        }
        for one in (migrated, fresh)
    )
    assert found == wanted
    assert found["ix_request_tenant"] == ["tenant", "ts", "latency_ms"]
    assert found["ix_request_ts"] == ["ts", "span_id", "latency_ms"]


def test_the_rollups_are_those_of_a_rebuild(engine: sa.Engine):
    migrated = open_engine(f"sqlite:///{engine.url.database}")
    assert sum(one.requests for one in breakdown(migrated, Filters(purposes=()), "route")) == 7
    made = rows(migrated, *ROLLUPS)
    rollup.rebuild(migrated)
    assert rows(migrated, *ROLLUPS) == made
