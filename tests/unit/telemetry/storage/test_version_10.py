"""A database of before the gateway had keys takes them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from telemetry.query.store import store_state
from telemetry.storage.api_key import API_KEY
from telemetry.storage.engine import open_engine, open_reader
from tests.unit.telemetry.storage.test_version_6 import opened


def test_a_database_of_version_9_gets_an_empty_table_of_keys_and_keeps_the_rest(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    with engine.begin() as connection:
        API_KEY.drop(connection)
        connection.exec_driver_sql("UPDATE meta SET value = '9' WHERE key = 'schema_version'")
    url = f"sqlite:///{engine.url.database}"
    with open_engine(url).connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(API_KEY)) == 0
    assert store_state(open_reader(url)).requests == 7
