"""A PostgreSQL database of an earlier schema version becomes one of today's, with all that it held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from telemetry import rollup
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.storage.coverage import give_up_before
from telemetry.storage.engine import open_engine, reading, writing
from telemetry.storage.migrations import known_version
from telemetry.storage.models import BRANCH, META, REQUEST, ROLLUPS
from tests.contract.test_storage import bundle_of_one, fill
from tests.traces import START, Attempt, Routed

TO_VERSION_3 = (
    *(
        statement
        for table, finest in (("request", 7), ("branch", 5))
        for step in ("hour", "day")
        for statement in (
            f"DELETE FROM {table}_{step} WHERE level BETWEEN {finest} AND {finest + 1}",
            f"UPDATE {table}_{step} SET level = {finest} WHERE level = {finest + 2}",
        )
    ),
    "DROP TABLE verdict_hour, verdict_day, top_cost, evaluation",
    "DROP TABLE incident, pipeline_sample, job_run, table_size",
    "DROP INDEX ix_request_protected, ix_request_escalated, ix_request_fell_back",
    "ALTER TABLE branch DROP COLUMN data_class, DROP COLUMN source, DROP COLUMN location",
    *(f"ALTER TABLE request_{step} DROP COLUMN data_class, DROP COLUMN source" for step in ("hour", "day")),
    *(
        f"ALTER TABLE branch_{step} DROP COLUMN data_class, DROP COLUMN source, DROP COLUMN location"
        for step in ("hour", "day")
    ),
    *(
        f"ALTER TABLE score_{step} DROP COLUMN data_class, DROP COLUMN source, DROP COLUMN threshold"
        for step in ("hour", "day")
    ),
    "UPDATE meta SET value = '3' WHERE key = 'schema_version'",
)
"""What a database of version 3 had not."""


def rows(engine: sa.Engine, *tables: sa.Table) -> list[list[Any]]:
    with reading(engine) as connection:
        return [list(connection.execute(sa.select(table).order_by(*table.primary_key))) for table in tables]


def shape(engine: sa.Engine) -> dict[str, tuple[set[str], set[str]]]:
    """The columns and indexes of every table."""
    found = sa.inspect(engine)
    return {
        table: (
            {column["name"] for column in found.get_columns(table)},
            {str(index["name"]) for index in found.get_indexes(table)},
        )
        for table in found.get_table_names()
    }


def test_a_database_of_version_3_becomes_one_of_today(postgres_url: str):
    old = [Routed(f"old{number}", at=START - timedelta(days=9), tenant="acme") for number in range(3)]
    new = [Routed(f"d{number}", at=START + timedelta(hours=number), attempts=(Attempt(),) * 2) for number in range(5)]
    engine = fill(postgres_url, [bundle_of_one(routed) for routed in (*old, *new)])
    wanted, made = shape(engine), rows(engine, *ROLLUPS, BRANCH)
    before = totals(engine, Filters())
    with writing(engine) as connection:
        give_up_before(connection, START - timedelta(days=1))
        for table in (REQUEST, BRANCH):
            connection.execute(sa.delete(table).where(table.c.tenant == "acme"))
        for statement in TO_VERSION_3:
            connection.exec_driver_sql(statement)
    engine.dispose()

    engine = open_engine(postgres_url)
    with reading(engine) as connection:
        version = connection.scalar(sa.select(META.c.value).where(META.c.key == "schema_version"))
    assert version == str(known_version())
    assert shape(engine) == wanted
    assert totals(engine, Filters()) == before, "also those whose rows are gone"
    assert totals(engine, Filters(tenants=("acme",), source="router")).requests == 3
    migrated = rows(engine, *ROLLUPS, BRANCH)
    day = int((START - timedelta(days=1)).timestamp() // 86_400)
    recent = [[row for row in table if getattr(row, "day", day + 1) > day] for table in (made[1], migrated[1])]
    assert recent[0] == recent[1]
    rollup.rebuild(engine)
    assert rows(engine, *ROLLUPS, BRANCH) == migrated
    engine.dispose()
