from __future__ import annotations

import sys
from pathlib import Path

import pytest

from telemetry.collector_spool import CollectorSpool, Copy, Waiting, erase_copies, waiting


def copy(trace: str, tenant: str | None = "ours", body: bytes = b"spans") -> Copy:
    return Copy(trace_id=trace, tenant=tenant, decision_id=f"d-{trace}", spans=3, body=body)


def test_what_is_kept_is_found_again_in_its_order(tmp_path: Path):
    spool = CollectorSpool(tmp_path / "collector")
    spool.keep([copy("a", body=b"one"), copy("b", body=b"two")])
    spool.keep([copy("c", body=b"three")])
    assert waiting(tmp_path / "collector").spans == 9
    parcel = CollectorSpool(tmp_path / "collector").oldest()
    assert parcel is not None
    assert (parcel.body, parcel.spans) == (b"onetwothree", 9)
    assert [one.trace_id for one in parcel.copies] == ["a", "b", "c"]
    parcel.done()
    assert waiting(tmp_path / "collector") == Waiting(0, 0, 0)
    assert not spool


def test_a_file_that_is_left_is_there_for_another_time(tmp_path: Path):
    spool = CollectorSpool(tmp_path)
    spool.keep([copy("a")])
    parcel = spool.oldest()
    assert parcel is not None
    assert CollectorSpool(tmp_path).oldest() is None, "while it is being sent nobody else takes it"
    parcel.leave()
    assert CollectorSpool(tmp_path).oldest() is not None


def test_what_comes_while_a_file_is_sent_goes_into_another(tmp_path: Path):
    spool = CollectorSpool(tmp_path)
    spool.keep([copy("a")])
    parcel = spool.oldest()
    assert parcel is not None
    spool.keep([copy("b")])
    parcel.done()
    left = spool.oldest()
    assert left is not None
    assert [one.trace_id for one in left.copies] == ["b"]


def test_a_full_spool_takes_nothing_and_keeps_what_it_has(tmp_path: Path):
    spool = CollectorSpool(tmp_path, largest_bytes=400)
    spool.keep([copy("a")])
    with pytest.raises(OSError, match="has reached its limit"):
        spool.keep([copy("b", body=bytes(range(256)) * 2)])
    parcel = spool.oldest()
    assert parcel is not None
    assert [one.trace_id for one in parcel.copies] == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions")
def test_only_its_owner_may_read_it(tmp_path: Path):
    CollectorSpool(tmp_path).keep([copy("a")])
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_what_a_dying_process_had_begun_to_write_is_left_out(tmp_path: Path):
    spool = CollectorSpool(tmp_path)
    spool.keep([copy("a"), copy("b")])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-4])
    parcel = spool.oldest()
    assert parcel is not None
    assert [one.trace_id for one in parcel.copies] == ["a"]
    parcel.leave()
    path.write_bytes(path.read_bytes()[:5])
    assert spool.oldest() is None
    assert list(tmp_path.iterdir()) == []


def test_copies_that_are_meant_are_erased_and_no_others(tmp_path: Path):
    spool = CollectorSpool(tmp_path)
    spool.keep([copy("a"), copy("b", tenant="theirs"), copy("c")])
    assert erase_copies(tmp_path, lambda one: one.tenant == "ours") == (2, ())
    parcel = spool.oldest()
    assert parcel is not None
    assert [one.trace_id for one in parcel.copies] == ["b"]
    parcel.leave()
    assert erase_copies(tmp_path, lambda one: one.tenant == "theirs") == (1, ())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_just_being_sent_is_named(tmp_path: Path):
    spool = CollectorSpool(tmp_path)
    spool.keep([copy("a")])
    (path,) = tmp_path.iterdir()
    parcel = spool.oldest()
    assert parcel is not None
    assert erase_copies(tmp_path, lambda one: True) == (0, (path,))
    parcel.leave()
    assert erase_copies(tmp_path, lambda one: True) == (1, ())


def test_without_a_folder_nothing_waits(tmp_path: Path):
    assert waiting(tmp_path / "nowhere") == Waiting(0, 0, 0)
    assert erase_copies(tmp_path / "nowhere", lambda one: True) == (0, ())
    assert CollectorSpool(tmp_path / "nowhere").oldest() is None
