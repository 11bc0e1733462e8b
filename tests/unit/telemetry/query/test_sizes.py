from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from telemetry.query.sizes import reaches, sizes
from telemetry.storage.engine import open_engine, open_reader, writing
from telemetry.storage.operation import TABLE_SIZE, row_id
from tests.traces import START


def measured(tmp_path: Path, *rows: tuple[datetime, str, int, int | None]) -> sa.Engine:
    url = f"sqlite:///{tmp_path / 't.db'}"
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(
            sa.insert(TABLE_SIZE),
            [
                {"size_id": row_id(name, taken), "taken": taken, "name": name, "row_count": n, "bytes": size}
                for taken, name, n, size in rows
            ],
        )
    return open_reader(url)


def test_measurements_come_oldest_first_and_those_of_long_ago_not_at_all(tmp_path: Path):
    now = datetime.now(UTC)
    reader = measured(
        tmp_path,
        (now - timedelta(days=1), "span", 30, None),
        (now - timedelta(days=1), "branch", 20, 2_000),
        (now - timedelta(days=2), "span", 10, 1_000),
        (now - timedelta(days=40), "span", 1, 1),
    )
    assert [(one.name, one.rows, one.bytes) for one in sizes(reader)] == [
        ("span", 10, 1_000),
        ("branch", 20, 2_000),
        ("span", 30, None),
    ]
    assert len(sizes(reader, since=now - timedelta(days=41))) == 4


def test_rollups_tell_how_far_back_they_reach_and_in_how_many_levels(varied: sa.Engine):
    found = {one.table: one for one in reaches(varied)}
    assert found["request_day"].since == START.replace(hour=0, minute=0)
    assert found["request_hour"].since == START.replace(minute=0)
    assert found["request_day"].levels > found["request_hour"].levels > 1


def test_an_empty_store_has_no_sizes_and_rollups_that_reach_nowhere(empty: sa.Engine):
    assert sizes(empty) == []
    assert {one.since for one in reaches(empty)} == {None}
