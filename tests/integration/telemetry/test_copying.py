"""One database copied to another: SQLite to PostgreSQL and back, stopped on the way, into the wrong place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.errors import CopyRefused
from telemetry.setup import Telemetry
from telemetry.storage import copying
from telemetry.storage.copying import CHANGING, UNCHANGING, copy
from telemetry.storage.engine import open_engine, open_reader, reading
from telemetry.storage.models import BRANCH, REQUEST, SPAN
from tests.traces import START, Attempt, Routed, emit

DECISIONS = 60


def filled(folder: Path, start: int = 0, number: int = DECISIONS) -> str:
    url = f"sqlite:///{folder / 'source.db'}"
    with Telemetry.open(url, home=folder, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for n in range(start, start + number):
            attempts = (Attempt(outcome="rejected", cost_nano=None if n % 7 == 0 else n), Attempt("large"))
            at = START + timedelta(minutes=n)
            emit(tracer, Routed(f"d{n}", at=at, tenant=f"t{n % 3}", attempts=attempts, prompt="größer \0 \ud800 ☃"))
        telemetry.record_policy_version("v1", "test", "text", "me")
        assert telemetry.sink.force_flush()
    return url


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = open_reader(url)
    with reading(engine) as connection:
        tables = (*UNCHANGING, *CHANGING)
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in tables
        }


def test_a_database_goes_to_postgresql_and_back_without_a_difference(tmp_path: Path, postgres_url: str):
    source, back = filled(tmp_path), f"sqlite:///{tmp_path / 'back.db'}"
    copied = copy(open_reader(source), open_engine(postgres_url))
    assert copied.rows["request"] == copied.sent["request"] == DECISIONS
    assert copied.rows["span"] == 3 * DECISIONS and copied.rows["request_hour"] > 0
    assert everything(postgres_url) == everything(source)
    copy(open_reader(postgres_url), open_engine(back))
    assert everything(back) == everything(source)


def test_a_copy_that_was_stopped_goes_on_and_sends_nothing_twice(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    source, destination = filled(tmp_path), open_engine(postgres_url)
    monkeypatch.setattr(copying, "SLICE", 25)

    def stop(table: str, done: int, of: int) -> None:
        if table == "branch" and done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(open_reader(source), destination, stop)
    with reading(destination) as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(BRANCH))
        assert there is not None and 25 <= there < 2 * DECISIONS
        assert connection.scalar(sa.select(sa.func.count()).select_from(SPAN)) == 0
    again = copy(open_reader(source), destination)
    assert (again.sent["request"], again.sent["branch"]) == (0, 2 * DECISIONS - there)
    assert everything(postgres_url) == everything(source)


def test_a_second_copy_brings_what_came_since(tmp_path: Path, postgres_url: str):
    source, destination = filled(tmp_path), open_engine(postgres_url)
    copy(open_reader(source), destination)
    filled(tmp_path, DECISIONS, 30)
    again = copy(open_reader(source), destination)
    assert (again.sent["request"], again.rows["request"]) == (30, DECISIONS + 30)
    assert everything(postgres_url) == everything(source)


def test_a_destination_with_data_of_its_own_is_refused_and_left_alone(tmp_path: Path, postgres_url: str):
    source = filled(tmp_path)
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("own"))
    before = everything(postgres_url)
    with pytest.raises(CopyRefused, match="holds data of its own") as refused:
        copy(open_reader(source), open_engine(postgres_url))
    assert "name an empty destination" in str(refused.value)
    assert everything(postgres_url) == before


def test_a_destination_that_was_used_since_its_copy_is_refused(tmp_path: Path, postgres_url: str):
    source = filled(tmp_path)
    copy(open_reader(source), open_engine(postgres_url))
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("own", at=START + timedelta(days=9)))
    before = everything(postgres_url)
    with pytest.raises(CopyRefused, match="has decisions that"):
        copy(open_reader(source), open_engine(postgres_url))
    assert everything(postgres_url) == before


def test_a_copy_that_differs_is_found_out_by_its_sums(tmp_path: Path, postgres_url: str):
    source, destination = filled(tmp_path), open_engine(postgres_url)
    copy(open_reader(source), destination)
    with destination.begin() as connection:
        one = sa.select(sa.func.min(REQUEST.c.span_id)).scalar_subquery()
        connection.execute(sa.update(REQUEST).where(REQUEST.c.span_id == one).values(latency_ms=1, input_tokens=1))
    with pytest.raises(CopyRefused, match=r"table request is not that of .*input_tokens"):
        copy(open_reader(source), destination)


def test_a_database_is_not_copied_to_itself(tmp_path: Path):
    source = filled(tmp_path)
    with pytest.raises(CopyRefused, match="the same database"):
        copy(open_reader(source), open_engine(source))
