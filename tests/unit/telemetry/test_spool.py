from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from telemetry.rows import Bundle
from telemetry.spool import Spool, abandoned


def bundle(number: int) -> Bundle:
    ts = datetime(2026, 3, 2, 9, 30, 0, number, tzinfo=UTC)
    return Bundle(requests=[{"span_id": f"{number:016x}", "ts": ts, "simulated": False, "cost_nano": None}])


def leave(spool: Spool) -> None:
    """What the death of a process does: the file is let go of as it is."""
    spool.forget()


def test_what_is_appended_comes_back_as_it_was(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(2)])
    spool.append([bundle(3)])
    assert spool.frames == 3
    assert spool.size == len(spool.path.read_bytes().rstrip(b"\0"))
    assert spool.read(2) == [bundle(1), bundle(2)]
    assert spool.read(2) == [bundle(3)]
    assert spool.read(2) == []


def test_a_position_put_back_reads_again(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1)])
    before = spool.position
    assert spool.read(9) == [bundle(1)]
    spool.position = before
    assert spool.read(9) == [bundle(1)]


def test_a_cleared_spool_holds_nothing_of_what_was_in_it(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1)])
    spool.clear()
    assert spool.frames == 0 and spool.read(9) == []
    assert spool.size == 0 and not any(spool.path.read_bytes())
    spool.append([bundle(2)])
    assert spool.read(9) == [bundle(2)]


def test_a_spool_that_was_damaged_while_in_use_is_kept_under_another_name(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(2)])
    data = bytearray(spool.path.read_bytes())
    data[len(bytes(data).rstrip(b"\0")) - 3] ^= 0xFF
    with spool.path.open("r+b") as file:
        file.write(data)
    assert spool.read(9) == [bundle(1)]
    kept = spool.finish()
    assert kept is not None and kept.suffix == ".damaged" and kept.read_bytes() == bytes(data)
    spool.append([bundle(3)])
    assert spool.read(9) == [bundle(3)]
    assert spool.finish() is None


def test_space_is_reserved_at_once(tmp_path: Path):
    spool = Spool(tmp_path, reserved_bytes=1 << 20)
    spool.open()
    assert spool.path.stat().st_size == 1 << 20
    assert spool.path.stat().st_blocks * 512 >= 1 << 20


def test_an_empty_spool_leaves_no_file_behind(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1)])
    spool.clear()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_spool_with_something_in_it_stays_for_the_next_process(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(2)])
    spool.close()
    (left,) = abandoned(tmp_path)
    assert left.read(9) == [bundle(1), bundle(2)]
    assert left.finish() is None
    assert list(tmp_path.iterdir()) == []


def test_the_spool_of_a_living_process_is_left_alone(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1)])
    assert list(abandoned(tmp_path)) == []


def test_a_torn_frame_ends_the_replay_and_the_file_is_kept_under_another_name(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(2)])
    leave(spool)
    data = bytearray(spool.path.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    data[end - 3] ^= 0xFF
    spool.path.write_bytes(data)
    (left,) = abandoned(tmp_path)
    assert left.read(9) == [bundle(1)]
    kept = left.finish()
    assert kept is not None and kept.suffix == ".damaged" and kept.is_file()
    assert list(abandoned(tmp_path)) == []


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_a_file_cut_short_gives_what_is_whole(tmp_path: Path, cut: int):
    spool = Spool(tmp_path, reserved_bytes=0)
    spool.append([bundle(1), bundle(2)])
    leave(spool)
    data = spool.path.read_bytes()
    spool.path.write_bytes(data[:-cut])
    (left,) = abandoned(tmp_path)
    assert left.read(9) == [bundle(1)]


def test_a_folder_that_cannot_be_made_is_an_oserror(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        Spool(tmp_path / "file" / "spool").append([bundle(1)])
