from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from telemetry.storage.damaged import identity_of, put_aside

NOW = datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "t.db"
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"t.db{suffix}").write_text(suffix)
    return path


def test_what_belongs_to_a_database_goes_with_it(path: Path):
    found = identity_of(path)
    assert found is not None
    assert put_aside(path, found, now=NOW) == path.with_name("t.db.damaged-20260302T093005")
    assert sorted(file.name for file in path.parent.iterdir()) == [
        *("t.db.damaged-20260302T093005", "t.db.damaged-20260302T093005-shm", "t.db.damaged-20260302T093005-wal")
    ]


def test_the_second_process_that_finds_it_leaves_the_new_one_alone(path: Path):
    found = identity_of(path)
    assert found is not None
    assert put_aside(path, found, now=NOW) is not None
    path.write_text("the new one")
    assert put_aside(path, found, now=NOW) is None
    assert path.read_text() == "the new one"


def test_what_is_gone_already_is_left_alone(path: Path):
    found = identity_of(path)
    assert found is not None
    path.unlink()
    assert put_aside(path, found, now=NOW) is None
    assert identity_of(path) is None
