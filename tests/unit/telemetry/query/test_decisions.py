from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query import decisions
from telemetry.query.decisions import DecisionRow, page
from telemetry.query.decisions import Path as PathTaken
from telemetry.query.filters import Filters
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

PROMPTS = {
    0: 'She said "100% sure_thing"\nand left',
    3: "Überraschung für alle",
    4: "100 sure things",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("decisions")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(25):
            # Five share each moment: the order among them has to be stable all the same.
            emit(
                tracer,
                Routed(
                    f"{number:08x}-decision",
                    at=START + timedelta(minutes=number // 5),
                    intent="code" if number % 5 == 0 else "chat",
                    prompt=PROMPTS.get(number, "an ordinary question"),
                    attempts=(Attempt(answer=f"answer number {number}"),),
                ),
            )
        emit(tracer, Routed("made-up", simulated=True))
    yield open_reader(url)


REAL = Filters(simulated=False)


def walk(reader: sa.Engine, filters: Filters, limit: int, search: str = "") -> list[DecisionRow]:
    rows: list[DecisionRow] = []
    cursor: str | None = None
    while True:
        found = page(reader, filters, cursor=cursor, limit=limit, search=search)
        rows += found.rows
        cursor = found.next_cursor
        if cursor is None:
            return rows


def ids(rows: list[DecisionRow]) -> set[int]:
    return {int(row.decision_id[:8], 16) for row in rows}


def test_an_empty_store_has_an_empty_page(tmp_path: Path):
    found = page(open_reader(f"sqlite:///{tmp_path / 'none.db'}"), Filters())
    assert (found.rows, found.next_cursor) == ([], None)


def test_the_newest_come_first(reader: sa.Engine):
    rows = page(reader, REAL, limit=50).rows
    assert [row.ts for row in rows] == sorted((row.ts for row in rows), reverse=True)
    assert ids(rows[:5]) == {20, 21, 22, 23, 24}


@pytest.mark.parametrize("limit", [1, 3, 5, 7, 24, 25, 26])
def test_pages_of_any_size_show_each_decision_once(reader: sa.Engine, limit: int):
    rows = walk(reader, REAL, limit)
    assert len(rows) == 25 and ids(rows) == set(range(25))


def test_a_full_last_page_has_no_next(reader: sa.Engine):
    assert page(reader, REAL, limit=25).next_cursor is None
    assert page(reader, REAL, limit=24).next_cursor is not None


def test_time_is_exact_and_its_end_exclusive(reader: sa.Engine):
    later = START + timedelta(minutes=1)
    assert ids(page(reader, Filters(start=START, end=later, simulated=False)).rows) == {0, 1, 2, 3, 4}
    assert ids(page(reader, Filters(start=later, simulated=False)).rows) == set(range(5, 25))


def test_filters_narrow_the_pages(reader: sa.Engine):
    assert ids(walk(reader, Filters(intents=("code",)), 2)) == {0, 5, 10, 15, 20}
    assert page(reader, Filters(models=("nobody",))).rows == []


def test_the_beginning_of_an_id_finds_its_decision(reader: sa.Engine):
    assert ids(page(reader, REAL, search="00000013").rows) == {0x13}
    assert ids(page(reader, REAL, search="0000000").rows) == set(range(16))


@pytest.mark.parametrize(
    "search, found",
    [
        ('"100% sure_thing"', {0}),
        ("sure_thing", {0}),
        ("100%", {0}),
        ("SHE SAID", {0}),
        ('sure_thing"\nand', {0}),
        ("Überraschung", {3}),
        ("100 sure", {4}),
        ("answer number 17", {17}),
        ("%", {0}),
        ("\\", set()),
        ("' OR 1=1 --", set()),
        ("\0\ud800", set()),
    ],
)
def test_a_piece_of_text_finds_it_taken_literally(reader: sa.Engine, search: str, found: set[int]):
    assert ids(page(reader, REAL, search=search).rows) == found


def test_a_text_search_goes_on_slice_by_slice(reader: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decisions, "SLICE", 4)
    monkeypatch.setattr(decisions, "RARE", 0)
    first = page(reader, REAL, search="Überraschung")
    assert first.rows == [] and first.next_cursor is not None
    assert ids(walk(reader, REAL, 2, "Überraschung")) == {3}
    assert ids(walk(reader, REAL, 2, "ordinary question")) == set(range(25)) - set(PROMPTS)


def test_what_is_rare_is_found_at_once_however_far_back_it_is(reader: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decisions, "SLICE", 1)
    found = page(reader, REAL, search="Überraschung")
    assert ids(found.rows) == {3} and found.next_cursor is None
    assert page(reader, Filters(intents=("code",)), search="Überraschung").rows == []


@pytest.mark.parametrize("limit", [1, 2, 7, 30])
def test_what_was_found_through_the_index_comes_in_pages_too(reader: sa.Engine, limit: int):
    rows = walk(reader, REAL, limit, "ORDINARY question")
    assert len(rows) == 22 and ids(rows) == set(range(25)) - set(PROMPTS)


def test_without_an_index_the_same_is_found_by_reading(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1", prompt="Überraschung"))
        assert telemetry.sink.force_flush(60_000)
        with telemetry.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE content_fts")
    assert [row.decision_id for row in page(open_reader(url), Filters(), search="raschung").rows] == ["d1"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "2026-03-02~a", "2026-03-02T09:30:00+00:00", "2026-03-02T09:30:00+00:00~'"]
)
def test_a_cursor_that_is_none_of_ours_is_refused(reader: sa.Engine, cursor: str):
    with pytest.raises(ValueError, match="no cursor"):
        page(reader, REAL, cursor=cursor)


def test_amounts_and_names_are_those_of_the_decision(reader: sa.Engine):
    (row,) = page(reader, REAL, search="00000007").rows
    assert (row.cost_nano, row.baseline_nano, row.savings_nano) == (1_200, 5_000, 3_800)
    assert (row.first, row.chosen, row.chosen_kind, row.branches) == ("small", "small", "model", 1)
    assert (row.escalated, row.fell_back, row.simulated, row.error_type) == (False, False, False, None)
    assert row.latency_ms == 42.0 and row.ttft_ms == 12.5


@pytest.mark.parametrize(
    ("path", "went"),
    [
        ("escalated", {"escalated"}),
        ("fell_back", {"retried", "failed"}),
        ("by_tool", {"tool"}),
        ("cost_unknown", {"failed"}),
    ],
)
def test_a_path_leaves_those_alone_that_went_it(varied: sa.Engine, path: PathTaken, went: set[str]):
    assert {row.decision_id for row in page(varied, REAL, path=path).rows} == went
    one = page(varied, REAL, path=path, limit=1)
    assert bool(one.next_cursor) == (len(went) > 1)
