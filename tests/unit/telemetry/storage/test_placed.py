from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.storage import placed
from telemetry.storage.engine import open_engine
from telemetry.storage.rollups import SCORE_HOUR


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    with open_engine(f"sqlite:///{tmp_path / 't.db'}").begin() as connection:
        yield connection


def row(level: int, hour: int, key: int, scores: int = 1) -> tuple[object, ...]:
    dimensions = ("t", "r", "i", "low", "internal", "router", "length", "0.5", "small", "model", "v1", "ok")
    return (level, hour, key, "user", False, *dimensions, scores, 0, 1, 0, "")


def test_rows_are_found_at_their_places_however_many_are_looked_for(connection: sa.Connection):
    places = [(level, hour, key) for level in range(2) for hour in range(3) for key in range(-100, 100)]
    placed.insert(connection, SCORE_HOUR, [row(*place) for place in places])
    wanted = places[::2]
    found = {tuple(stored[:3]) for stored in placed.find(connection, SCORE_HOUR, [*wanted, (7, 7, 7)])}
    assert set(wanted) <= found <= set(places)


def test_a_change_is_made_at_its_place_alone(connection: sa.Connection):
    placed.insert(connection, SCORE_HOUR, [row(0, 1, 1), row(0, 1, 2), row(1, 1, 1)])
    placed.change(connection, SCORE_HOUR, ("scores", "score_hist"), [(5, "06400001", 0, 1, 2)])
    columns = (SCORE_HOUR.c.level, SCORE_HOUR.c.key, SCORE_HOUR.c.scores, SCORE_HOUR.c.score_hist)
    stored = connection.execute(sa.select(*columns).order_by(*columns)).all()
    assert stored == [(0, 1, 1, ""), (0, 2, 5, "06400001"), (1, 1, 1, "")]


def test_nothing_to_do_is_nothing_done(connection: sa.Connection):
    placed.insert(connection, SCORE_HOUR, [])
    placed.change(connection, SCORE_HOUR, ("scores",), [])
    assert list(placed.find(connection, SCORE_HOUR, [])) == []


def test_a_search_is_answered_from_the_index(connection: sa.Connection):
    """SQLite would read the whole table for a list of tuples, and so ever more for each decision."""
    seen: list[str] = []
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.set_trace_callback(seen.append)
    list(placed.find(connection, SCORE_HOUR, [(0, 1, 2), (1, 1, 3), (1, 2, 4)]))
    raw.set_trace_callback(None)
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[0]}").all()
    assert [step.detail for step in plan] == ["SEARCH score_hour USING PRIMARY KEY (level=? AND hour=? AND key=?)"]
