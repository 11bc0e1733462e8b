"""A database of before there were alerts takes them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from telemetry.alerts.tables import ALERTS
from telemetry.query.store import store_state
from telemetry.storage.engine import open_engine, open_reader
from tests.unit.telemetry.storage.test_version_6 import opened


def test_a_database_of_version_8_gets_empty_tables_of_alerts_and_keeps_the_rest(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with engine.begin() as connection:
        for table in ALERTS:
            table.drop(connection)
        connection.exec_driver_sql("UPDATE meta SET value = '8' WHERE key = 'schema_version'")
    url = f"sqlite:///{engine.url.database}"
    migrated = open_engine(url)
    with migrated.connect() as connection:
        for table in ALERTS:
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert store_state(open_reader(url)).requests == 7


def test_the_step_can_be_taken_over_its_own_tables(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '8' WHERE key = 'schema_version'")
    open_engine(f"sqlite:///{engine.url.database}").dispose()
