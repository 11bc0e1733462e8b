from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.errors import RowsRefused
from telemetry.storage.bulk import Bulk, Part
from telemetry.storage.engine import add, open_engine
from telemetry.storage.models import CONTENT
from telemetry.storage.rollups import SCORE_HOUR
from telemetry.storage.sqlite_rows import UPSERTING

SUMS = ("scores", "unknown", "passed", "rejections")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}")
    yield engine
    engine.dispose()


def row(key: int, scores: int, text: str, hour: int = 7) -> tuple[Any, ...]:
    numbers = (scores, 0, scores, 0, text)
    names = ("t" for _ in range(len(SCORE_HOUR.columns) - 5 - len(numbers)))
    return (0, hour, key, "user", False, *names, *numbers)


def part(*rows: tuple[Any, ...]) -> Part:
    return Part(SCORE_HOUR, SUMS, ("score_hist",), rows)


def content(span_id: str, part: str, ts: datetime) -> dict[str, Any]:
    text = {"text": None, "sha256": "0", "characters": 1}
    return {"span_id": span_id, "part": part, "trace_id": "t", "ts": ts, "mode": "hash", **text}


def stored(connection: sa.Connection) -> list[tuple[Any, ...]]:
    return [tuple(one) for one in connection.execute(sa.select(SCORE_HOUR).order_by(SCORE_HOUR.c.key))]


STEPS = (
    part(row(1, 2, "0640000206500001"), row(2, 1, "")),
    part(row(1, 1, "06400001"), row(2, 1, "06400001"), row(3, 5, "00100005")),
    part(row(3, 4, "000000040640000200100001"[8:]), row(1, 1, "")),
    part(row(1, 1, "064fffff")),
)


def test_what_is_added_in_sql_is_what_the_portable_way_adds(engine: sa.Engine):
    found = []
    for bulk in (UPSERTING, Bulk()):
        with engine.begin() as connection:
            for step in STEPS:
                bulk.add(connection, [step])
            found.append(stored(connection))
            connection.execute(sa.delete(SCORE_HOUR))
    assert found[0] == found[1]
    assert [one[-5] for one in found[0]] == [5, 2, 9]
    assert found[0][0][-1] == "064fffff0640000306500001"


def test_what_was_added_can_be_taken_back(engine: sa.Engine):
    with engine.begin() as connection:
        UPSERTING.add(connection, [STEPS[0]])
        before = stored(connection)
        UPSERTING.add(connection, [STEPS[1]])
        UPSERTING.take(connection, [part(*STEPS[1].rows[:2])])
        assert stored(connection)[:2] == before


def test_moments_are_stored_as_the_models_store_them(engine: sa.Engine):
    moments = (
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 9, 30, 0, 1, tzinfo=timezone(timedelta(hours=2))),
    )
    with engine.begin() as connection:
        UPSERTING.insert(connection, CONTENT, [content("a", "input", at) for at in moments[:1]])
        UPSERTING.insert(connection, CONTENT, [content("b", "input", at) for at in moments[1:]])
        connection.execute(sa.insert(CONTENT), [content("c", "input", at) for at in moments[:1]])
        connection.execute(sa.insert(CONTENT), [content("d", "input", at) for at in moments[1:]])
        read = dict(connection.execute(sa.select(CONTENT.c.span_id, CONTENT.c.ts)).all())  # type: ignore[arg-type]
        kept = dict(connection.exec_driver_sql("SELECT span_id, ts FROM content").all())  # type: ignore[arg-type]
    assert (read["a"], read["b"]) == moments
    assert (kept["a"], kept["b"]) == (kept["c"], kept["d"])


@pytest.mark.parametrize("many", [1, 2, 16, 17, 300, 513])
def test_keys_that_are_there_are_known_however_many_are_looked_for(engine: sa.Engine, many: int):
    at = datetime(2026, 3, 2, tzinfo=UTC)
    with engine.begin() as connection:
        UPSERTING.insert(connection, CONTENT, [content(f"{n}", "input", at) for n in range(0, many, 2)])
        asked = [(f"{n}", part) for n in range(many) for part in ("input", "output")]
        there = {(f"{n}", "input") for n in range(0, many, 2)}
        assert UPSERTING.known(connection, CONTENT, asked) == there == Bulk().known(connection, CONTENT, asked)
        names = [f"{n}" for n in range(many)]
        assert UPSERTING.held(connection, CONTENT.c.span_id, names) == {name for name, _ in there}
        assert Bulk().held(connection, CONTENT.c.span_id, names) == {name for name, _ in there}
        assert UPSERTING.known(connection, CONTENT, []) == UPSERTING.held(connection, CONTENT.c.span_id, []) == set()


def test_a_stored_text_that_is_no_histogram_is_the_rows_fault_and_holds_nobody_else_up(engine: sa.Engine):
    """The trace is kept aside then, as with any row that the database will never take."""
    with engine.begin() as connection:
        UPSERTING.add(connection, [part(row(1, 1, "06400001"))])
        connection.execute(sa.update(SCORE_HOUR).values(score_hist="064 bad!"))
    with pytest.raises(RowsRefused):
        add(engine, lambda connection: UPSERTING.add(connection, [part(row(1, 1, "06400001"))]))


def test_a_value_that_no_column_takes_is_the_rows_fault(engine: sa.Engine):
    with pytest.raises(RowsRefused):
        add(engine, lambda connection: UPSERTING.add(connection, [part(row(1, 2**70, ""))]))
