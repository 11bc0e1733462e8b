"""A database of before routes were kept by the hour gets them, as a rebuild would make them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import REQUESTS
from telemetry.query.filters import Filters
from telemetry.query.overview import breakdown
from telemetry.query.spending import course
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.rollups import REQUEST_DAY, REQUEST_HOUR
from tests.unit.telemetry.storage.test_version_6 import opened, rows


@pytest.fixture
def before(tmp_path: Path) -> sa.Engine:
    engine = open_engine(opened(tmp_path, "version_4.sql"))
    of_routes = REQUEST_HOUR.c.level == REQUESTS.covering({"route"}, REQUEST_HOUR)
    with engine.begin() as connection:
        assert connection.execute(sa.delete(REQUEST_HOUR).where(of_routes)).rowcount > 0
        connection.exec_driver_sql("UPDATE meta SET value = '14' WHERE key = 'schema_version'")
    return engine


def test_the_hours_of_routes_are_those_of_a_rebuild(before: sa.Engine):
    migrated = open_engine(f"sqlite:///{before.url.database}")
    made = rows(migrated, REQUEST_HOUR, REQUEST_DAY)
    rollup.rebuild(migrated)
    assert rows(migrated, REQUEST_HOUR, REQUEST_DAY) == made


def test_what_a_route_has_cost_by_the_hour_is_known_of_before(before: sa.Engine):
    url = f"sqlite:///{before.url.database}"
    open_engine(url).dispose()
    reader = open_reader(url)
    by_day = {one.value: one.requests for one in breakdown(reader, Filters(purposes=()), "route")}
    assert sum(by_day.values()) == 7
    for route, requests in by_day.items():
        by_hour = course(reader, Filters(routes=(route,), purposes=()), "hour")
        assert sum(step.n for step in by_hour) == requests


def test_hours_that_are_there_already_are_left_as_they_are(before: sa.Engine):
    url = f"sqlite:///{before.url.database}"
    made = rows(open_engine(url), REQUEST_HOUR)
    with before.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '14' WHERE key = 'schema_version'")
    assert rows(open_engine(url), REQUEST_HOUR) == made
