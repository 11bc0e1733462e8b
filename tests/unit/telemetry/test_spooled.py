"""Spools, seen from outside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from telemetry.rows import Bundle
from telemetry.spool import Spool, abandoned
from telemetry.spooled import REFUSED_SUFFIX, erase_spooled, spool_files


def bundle(number: int) -> Bundle:
    return Bundle(requests=[{"span_id": f"{number:016x}", "ts": datetime(2026, 3, 2, tzinfo=UTC), "number": number}])


def odd(trace: Bundle) -> bool:
    return bool(trace.requests[0]["number"] % 2)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert spool_files(tmp_path / "none") == []
    assert erase_spooled(tmp_path / "none", odd).erased == 0


def test_a_running_processes_file_is_counted_and_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(2)])
    (file,) = spool_files(tmp_path)
    assert (file.traces, file.held, file.unreadable) == (2, True, False)
    done = erase_spooled(tmp_path, odd)
    assert (done.erased, done.held) == (0, (spool.path,))
    assert spool.read(9) == [bundle(1), bundle(2)]
    assert erase_spooled(tmp_path, lambda trace: trace.requests[0]["number"] == 3).held == ()


def test_a_file_that_holds_nothing_is_not_worth_a_word(tmp_path: Path) -> None:
    Spool(tmp_path).open()
    assert spool_files(tmp_path) == []


def test_an_abandoned_file_keeps_the_others(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([bundle(number) for number in range(5)])
    spool.forget()
    assert erase_spooled(tmp_path, odd).erased == 2
    assert erase_spooled(tmp_path, odd).erased == 0
    (left,) = abandoned(tmp_path)
    assert left.read(9) == [bundle(0), bundle(2), bundle(4)]
    assert left.finish() is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_which_nothing_is_left_goes(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([bundle(1), bundle(3)])
    spool.forget()
    assert erase_spooled(tmp_path, odd).erased == 2
    assert list(tmp_path.iterdir()) == []


def test_traces_that_no_database_would_take_are_found_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path, path=tmp_path / f"1-a{REFUSED_SUFFIX}", reserved_bytes=0)
    spool.append([bundle(1), bundle(2)])
    spool.forget()
    assert erase_spooled(tmp_path, odd).erased == 1
    assert [file.traces for file in spool_files(tmp_path)] == [1]
