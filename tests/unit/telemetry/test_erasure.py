"""A tenant, or one request, that is erased leaves the store as if it had never been there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from telemetry import rollup
from telemetry.erasure import Tenant, Trace, erase, preview
from telemetry.setup import Telemetry
from telemetry.spooled import spool_files, spool_folder
from telemetry.storage.engine import open_engine
from telemetry.storage.migrations import TABLES
from telemetry.storage.models import META
from tests.traces import START, Attempt, Routed, emit

TWO = (Attempt("small", outcome="rejected"), Attempt("large", cost_nano=None))
OURS = [
    Routed(
        f"ours{number}", at=START + timedelta(hours=7 * number), tenant="ours", attempts=TWO, prompt="heliotrope, xyzzy"
    )
    for number in range(9)
]
THEIRS = [
    Routed(f"theirs{number}", at=START + timedelta(hours=5 * number), tenant="theirs", prompt="marigold")
    for number in range(12)
]


class Counting(IdGenerator):
    """Ids by the decision they belong to, so that two stores can be compared row by row."""

    def __init__(self) -> None:
        self._trace = self._span = 0

    def begin(self, number: int) -> None:
        self._trace, self._span = number, number * 1000

    def generate_trace_id(self) -> int:
        return self._trace

    def generate_span_id(self) -> int:
        self._span += 1
        return self._span


def store(folder: Path, routed: list[Routed]) -> Telemetry:
    telemetry = Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, content="full")
    write(telemetry, routed)
    return telemetry


def write(telemetry: Telemetry, routed: list[Routed]) -> None:
    ids = Counting()
    provider = TracerProvider(id_generator=ids, sampler=ALWAYS_ON)
    provider.add_span_processor(telemetry.sink)
    tracer = provider.get_tracer("test")
    for one in routed:
        ids.begin((OURS + THEIRS).index(one) + 1)
        emit(tracer, one)
    assert telemetry.sink.force_flush(60_000)


def rows(engine: sa.Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in TABLES
            if table is not META
        }


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Telemetry]:
    (tmp_path / "both").mkdir()
    with store(tmp_path / "both", [one for pair in zip(OURS, THEIRS, strict=False) for one in pair]) as telemetry:
        write(telemetry, THEIRS[len(OURS) :])
        yield telemetry


@pytest.fixture
def spools(tmp_path: Path) -> Path:
    return spool_folder(tmp_path / "both")


def without(tmp_path: Path, routed: list[Routed]) -> dict[str, list[Any]]:
    (tmp_path / "without").mkdir()
    with store(tmp_path / "without", routed) as telemetry:
        return rows(telemetry.engine)


def test_a_store_without_the_tenant_is_the_same_in_every_table(tmp_path: Path, both: Telemetry, spools: Path) -> None:
    done = erase(both.engine, spools, Tenant("ours"))
    assert rows(both.engine) == without(tmp_path, THEIRS)
    assert {name: done.removed[name] for name in ("request", "branch", "span", "content", "spooled")} == {
        "request": 9,
        "branch": 18,
        "span": 27,
        "content": 27,
        "spooled": 0,
    }
    assert done.removed["rollups"] > 0
    assert done.complete and not done.unreadable


def test_rollups_are_what_rebuilding_them_would_give(both: Telemetry, spools: Path) -> None:
    erase(both.engine, spools, Tenant("ours"))
    erase(both.engine, spools, Trace("theirs3"))
    before = rows(both.engine)
    rollup.rebuild(both.engine)
    assert rows(both.engine) == before


@pytest.mark.parametrize("by_decision", [True, False])
def test_a_store_without_the_request_is_the_same_in_every_table(
    tmp_path: Path, both: Telemetry, spools: Path, by_decision: bool
) -> None:
    done = erase(both.engine, spools, Trace("ours4" if by_decision else f"{5:032x}"))
    counts = {"request": 1, "branch": 2, "span": 3, "content": 3, "evaluation": 0, "evaluation_task": 0, "spooled": 0}
    assert done.removed == counts
    assert rows(both.engine) == without(tmp_path, [one for one in OURS + THEIRS if one.decision_id != "ours4"])


@pytest.mark.parametrize("subject", [Tenant("ours"), Trace("ours4")])
def test_the_second_time_nothing_is_left(both: Telemetry, spools: Path, subject: Tenant | Trace) -> None:
    assert not erase(both.engine, spools, subject).nothing
    again = erase(both.engine, spools, subject)
    assert again.nothing and again.complete


@pytest.mark.parametrize("subject", [Tenant("our"), Tenant("OURS"), Tenant("%"), Trace("ours"), Trace("0" * 32)])
def test_nothing_but_what_is_meant_goes(both: Telemetry, spools: Path, subject: Tenant | Trace) -> None:
    before = rows(both.engine)
    assert erase(both.engine, spools, subject).nothing
    assert rows(both.engine) == before


@pytest.mark.parametrize("subject", [Tenant("ours"), Trace("ours4")])
def test_a_preview_counts_what_would_go_and_changes_nothing(
    both: Telemetry, spools: Path, subject: Tenant | Trace
) -> None:
    before = rows(both.engine)
    expected = preview(both.engine, subject).removed
    assert rows(both.engine) == before
    done = erase(both.engine, spools, subject).removed
    assert expected.items() <= done.items()


def test_erased_words_cannot_be_read_out_of_the_files(tmp_path: Path, both: Telemetry, spools: Path) -> None:
    def every_byte() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "both").rglob("*") if path.is_file())

    assert b"heliotrope" in every_byte()
    assert erase(both.engine, spools, Tenant("ours")).complete
    assert b"heliotrope" not in every_byte()
    assert b"marigold" in every_byte()


def test_no_piece_of_an_erased_word_is_left_in_the_full_text_index(both: Telemetry, spools: Path) -> None:
    def holds(piece: bytes) -> bool:
        with both.engine.connect() as connection:
            blocks = connection.exec_driver_sql("SELECT block FROM content_fts_data").scalars().all()
        return any(piece in block for block in blocks)

    assert holds(b"xyz") and holds(b"gol")
    erase(both.engine, spools, Tenant("ours"))
    assert not holds(b"xyz")
    assert holds(b"gol")


def test_a_reader_that_holds_on_to_the_log_is_told_of(both: Telemetry, spools: Path, tmp_path: Path) -> None:
    reader = open_engine(str(both.engine.url))
    with reader.connect().execution_options(routescope_reading=True) as connection:
        connection.execute(sa.text("SELECT count(*) FROM request"))
        done = erase(both.engine, spools, Tenant("ours"))
        assert (done.log_emptied, done.complete) == (False, False)
    assert erase(both.engine, spools, Tenant("ours")).complete


def spooling(folder: Path, routed: list[Routed]) -> Telemetry:
    """A process whose decisions are on its spool, because the database is held by another."""
    telemetry = Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, content="full")
    with telemetry.engine.begin():
        write(telemetry, routed)
        assert telemetry.health().spool_waiting == len(routed)
        telemetry.close()
    return telemetry


def test_what_a_dead_process_left_on_its_spool_is_erased_too(tmp_path: Path) -> None:
    spooling(tmp_path, [*OURS[:3], *THEIRS[:2]])
    folder = spool_folder(tmp_path)
    assert [file.traces for file in spool_files(folder)] == [5]
    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}")
    done = erase(engine, folder, Tenant("ours"))
    assert (done.removed["spooled"], done.complete) == (3, True)
    assert [file.traces for file in spool_files(folder)] == [2]
    assert erase(engine, folder, Trace("theirs1")).removed["spooled"] == 1
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("wakes the writer", tenant="other"))
        assert telemetry.sink.force_flush(60_000)
    with engine.connect() as connection:
        kept = connection.scalars(sa.text("SELECT decision_id FROM request ORDER BY decision_id")).all()
    assert kept == ["theirs0", "wakes the writer"]


def test_what_a_running_process_has_on_its_spool_is_waited_for(tmp_path: Path) -> None:
    telemetry = Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path)
    with telemetry.engine.begin():
        write(telemetry, [OURS[0], THEIRS[0]])
        assert telemetry.health().spool_waiting == 2
    done = erase(telemetry.engine, spool_folder(tmp_path), Tenant("ours"))
    assert done.complete and not done.nothing
    assert [row[0] for row in rows(telemetry.engine)["request"]] == [f"{10 * 1000 + 1:016x}"]
    telemetry.close()


def test_a_spool_that_a_running_process_cannot_get_rid_of_is_named(tmp_path: Path) -> None:
    (tmp_path / "stuck").mkdir()
    (tmp_path / "fine").mkdir()
    stuck = Telemetry.open(f"sqlite:///{tmp_path / 'stuck' / 't.db'}", home=tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path / 'fine' / 't.db'}")
    with stuck.engine.begin():
        write(stuck, [OURS[0]])
        done = erase(engine, spool_folder(tmp_path), Tenant("ours"), wait_s=0.5)
        assert [path.suffix for path in done.held] == [".spool"]
        assert not done.complete
    assert stuck.close()


def test_a_damaged_spool_loses_what_can_be_read_and_is_named(tmp_path: Path) -> None:
    spooling(tmp_path, [OURS[0], THEIRS[0]])
    (path,) = (file.path for file in spool_files(spool_folder(tmp_path)))
    end = spool_files(spool_folder(tmp_path))[0].bytes
    with path.open("r+b") as file:
        file.seek(end)
        file.write(b"half a frame")
    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}")
    done = erase(engine, spool_folder(tmp_path), Tenant("ours"))
    assert done.unreadable == (path,)
    (left,) = spool_files(spool_folder(tmp_path))
    assert (left.traces, left.unreadable) == (1, True)
    assert path.read_bytes().rstrip(b"\0").endswith(b"half a frame")
