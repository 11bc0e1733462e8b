from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.levels import BRANCHES, REQUESTS, Family
from telemetry.query.filters import Filters
from telemetry.query.overview import by_model, totals
from telemetry.storage.engine import open_engine
from telemetry.storage.models import ROLLUPS
from tests.unit.telemetry.storage.test_version_6 import opened, rows

OLD = {"6": ((REQUESTS, 7), (BRANCHES, 5)), "7": ((REQUESTS, 8), (BRANCHES, 6))}
"""By version, the numbers that the finest levels had."""
NARROW = Filters(tenants=("default",), routes=("chat",), intents=("chat",), risks=("low",), statuses=("ok",))


@pytest.fixture(params=OLD)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    """A database of version 6 or 7: with fewer levels, and so another number for the finest."""
    engine = open_engine(opened(tmp_path, "version_3.sql"))
    with engine.begin() as connection:
        for family, finest in OLD[request.param]:
            for table in (family.hours, family.days):
                connection.execute(sa.delete(table).where(table.c.level.between(finest, family.finest - 1)))
                connection.execute(sa.update(table).where(table.c.level == family.finest).values(level=finest))
        version = f"UPDATE meta SET value = '{request.param}' WHERE key = 'schema_version'"
        connection.exec_driver_sql(version)
    return engine


def finest(engine: sa.Engine, family: Family) -> list[Any]:
    with engine.connect() as connection:
        statement = sa.select(family.days).where(family.days.c.level == family.finest)
        return list(connection.execute(statement.order_by(*family.days.primary_key)))


def test_what_was_counted_is_counted_by_the_new_levels_too(engine: sa.Engine):
    migrated = open_engine(f"sqlite:///{engine.url.database}")
    with migrated.connect() as connection:
        for family in (REQUESTS, BRANCHES):
            days = family.days
            sums = [sa.func.sum(days.c[name]) for name in family.sums]
            by_level = connection.execute(sa.select(*sums).group_by(days.c.level)).all()
            assert len(by_level) == len(family.levels) and len(set(by_level)) == 1
    assert totals(migrated, Filters(purposes=())).requests == 7, "the pruned one among them"
    assert totals(migrated, NARROW).requests == 3
    assert [one.branches for one in by_model(migrated, Filters(tenants=("acme",), routes=("chat",)))] == [2]


def test_a_rebuild_changes_nothing(engine: sa.Engine):
    migrated = open_engine(f"sqlite:///{engine.url.database}")
    made = rows(migrated, *ROLLUPS)
    rollup.rebuild(migrated)
    assert rows(migrated, *ROLLUPS) == made


def test_a_database_that_came_from_further_back_is_left_alone(tmp_path: Path):
    engine = open_engine(opened(tmp_path, "version_3.sql"))
    before = rows(engine, *ROLLUPS)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '6' WHERE key = 'schema_version'")
    assert rows(open_engine(f"sqlite:///{engine.url.database}"), *ROLLUPS) == before
    assert finest(engine, REQUESTS)
