from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.storage import fulltext
from telemetry.storage.engine import open_engine
from telemetry.storage.erase import delete_simulated
from telemetry.storage.models import CONTENT
from tests.traces import START, Routed, emit

VERSION_1 = Path(__file__).parents[3] / "data" / "version_1.sql"


def stored(folder: Path, *history: Routed, content: str = "full") -> sa.Engine:
    with Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, content=content) as telemetry:  # type: ignore[arg-type]
        for routed in history:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    return open_engine(f"sqlite:///{folder / 't.db'}")


def found(engine: sa.Engine, piece: str, most: int = 10) -> int | None:
    with engine.connect() as connection:
        traces = fulltext.traces_with(connection, piece, most)
    return None if traces is None else len(traces)


def rows(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM content_fts_rows").scalar_one())


@pytest.mark.parametrize(
    "piece, number",
    [
        ("parcel", 1),
        ("ARCE", 1),
        ("wo ist", 1),
        ("包裹在哪", 1),
        ("an answer", 3),
        ("nowhere", 0),
        ('"', None),
        ("ab", None),
        ('" OR text', 0),
        ("NEAR(parcel)", 0),
    ],
)
def test_any_piece_of_three_characters_is_found_in_any_language(tmp_path: Path, piece: str, number: int | None):
    prompts = ("where is my parcel?", "Wo ist mein Paket?", "我的包裹在哪里")
    engine = stored(tmp_path, *(Routed(f"d{place}", prompt=prompt) for place, prompt in enumerate(prompts)))
    assert found(engine, piece) == number


def test_what_is_too_frequent_is_left_to_reading(tmp_path: Path):
    engine = stored(tmp_path, *(Routed(f"d{number}", prompt="the same") for number in range(5)))
    assert (found(engine, "the same", 5), found(engine, "the same", 4)) == (5, None)


@pytest.mark.parametrize("mode", ["off", "hash"])
def test_what_was_not_captured_is_in_no_index(tmp_path: Path, mode: str):
    engine = stored(tmp_path, Routed("d1", prompt="where is my parcel?"), content=mode)
    assert (found(engine, "parcel"), rows(engine)) == (0, 0)


def test_erased_content_is_found_no_more_and_leaves_the_file_when_it_is_compacted(tmp_path: Path):
    secret, kept = Routed("d1", prompt="xyzzyquux", simulated=True), Routed("d2", prompt="where is my parcel?")
    engine = stored(tmp_path, secret, kept)
    assert found(engine, "xyzzyquux") == 1
    delete_simulated(engine)
    assert (found(engine, "xyzzyquux"), found(engine, "parcel"), rows(engine)) == (0, 1, 2)
    with engine.begin() as connection:
        fulltext.compact(connection)
        blocks = connection.exec_driver_sql("SELECT block FROM content_fts_data").scalars().all()
    assert blocks and not any(b"zzy" in block for block in blocks)
    assert found(engine, "parcel") == 1


def test_pruned_content_leaves_the_index(tmp_path: Path):
    old, new = Routed("d1", prompt="an old one"), Routed("d2", at=START + timedelta(days=9), prompt="new")
    engine = stored(tmp_path, old, new)
    prune(engine, keep_days=None, keep_content_days=1, now=START + timedelta(days=9))
    assert (found(engine, "an old one"), found(engine, "new"), rows(engine)) == (0, 1, 2)


def test_changed_content_is_found_by_its_new_text_alone(tmp_path: Path):
    engine = stored(tmp_path, Routed("d1", prompt="before"))
    with engine.begin() as connection:
        connection.execute(sa.update(CONTENT).where(CONTENT.c.part == "input").values(text="afterwards"))
    assert (found(engine, "before"), found(engine, "afterwards")) == (0, 1)


def test_a_vacuum_leaves_the_index_right(tmp_path: Path):
    prompts = [f"prompt number {number:03}" for number in range(20)]
    engine = stored(tmp_path, *(Routed(f"d{number}", prompt=prompt) for number, prompt in enumerate(prompts)))
    with engine.begin() as connection:
        connection.execute(sa.delete(CONTENT).where(CONTENT.c.text.like("%number 00%")))
    engine.dispose()
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.execute("VACUUM")
    raw.close()
    assert (found(engine, "number 007"), found(engine, "number 017")) == (0, 1)
    with engine.begin() as connection:
        connection.execute(sa.delete(CONTENT))
    assert (found(engine, "number 017"), rows(engine)) == (0, 0)


def test_an_older_database_gets_an_index_of_what_it_holds(tmp_path: Path):
    raw = sqlite3.connect(tmp_path / "t.db")
    raw.executescript(VERSION_1.read_text(encoding="utf-8"))
    raw.close()
    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}")
    assert found(engine, "parcel") == 1
    with engine.begin() as connection:
        connection.execute(sa.delete(CONTENT))
    assert (found(engine, "parcel"), rows(engine)) == (0, 0)
