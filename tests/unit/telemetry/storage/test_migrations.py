from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.errors import NewerSchema
from telemetry.storage.engine import open_engine
from telemetry.storage.migrations import Progress, Step, Tables, found_version, known_version, migrate


def add_column(connection: sa.Connection, progress: Progress, tables: Tables) -> None:
    connection.exec_driver_sql("ALTER TABLE meta ADD COLUMN note TEXT")


def fail(connection: sa.Connection, progress: Progress, tables: Tables) -> None:
    connection.exec_driver_sql("CREATE TABLE half (a INTEGER)")
    raise RuntimeError("the power is gone")


FIRST = known_version()
STEPS = (Step(FIRST + 1, "a note", add_column),)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 't.db'}")


def version(engine: sa.Engine) -> int | None:
    with engine.connect() as connection:
        return found_version(connection)


def test_an_older_database_goes_through_the_steps_it_lacks(engine: sa.Engine):
    assert migrate(engine, "t.db", steps=STEPS) == FIRST + 1
    assert version(engine) == FIRST + 1
    assert "note" in {column["name"] for column in sa.inspect(engine).get_columns("meta")}


def test_a_step_is_not_taken_twice(engine: sa.Engine):
    migrate(engine, "t.db", steps=STEPS)
    assert migrate(engine, "t.db", steps=STEPS) == FIRST + 1


def test_a_step_that_fails_leaves_the_version_before_it_whole(engine: sa.Engine):
    with pytest.raises(RuntimeError):
        migrate(engine, "t.db", steps=(*STEPS, Step(FIRST + 2, "half", fail)))
    assert version(engine) == FIRST + 1
    assert not sa.inspect(engine).has_table("half")


def test_a_newer_database_is_refused(engine: sa.Engine):
    migrate(engine, "t.db", steps=STEPS)
    with pytest.raises(NewerSchema):
        migrate(engine, "t.db", steps=())
