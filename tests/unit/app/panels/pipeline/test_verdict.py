"""Whether every decision was kept, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.panels.pipeline.verdict import verdict
from telemetry.query.pipeline import ProcessState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WELL = ProcessState(
    process="host:17:abc",
    started=NOW,
    last_seen=NOW,
    state="running",
    queued=0,
    spool_waiting=0,
    spool_bytes=0,
    last_error=None,
    lag_p95_ms=4.0,
    queue_high=3,
    written=100,
    spooled=0,
    not_durable=0,
    refused=0,
    abandoned=0,
)
SPAN = "in the last hour"


def test_when_all_is_well_it_says_so_and_how_much_was_kept() -> None:
    said = verdict([WELL, replace(WELL, state="ended", written=1)], SPAN)
    assert (said.tone, said.headline) == ("ok", "Nothing was dropped")
    assert said.details == ("101 decisions were kept in the last hour by 2 processes.",)


def test_without_a_sample_nothing_is_known() -> None:
    said = verdict([], SPAN)
    assert said.tone == "muted" and "routescope up" in said.details[0]


def test_what_is_nowhere_is_counted_and_explained() -> None:
    said = verdict([replace(WELL, not_durable=2), replace(WELL, abandoned=1)], SPAN)
    assert (said.tone, said.headline) == ("bad", "3 decisions were dropped")
    assert "Process 17 on host could keep 2 decisions nowhere" in said.details[1]
    assert "whose request never ended" in said.details[2]


def test_a_spool_in_use_drops_nothing_and_says_why_it_is_used() -> None:
    said = verdict([replace(WELL, spool_waiting=4, last_error="database `x` is locked.")], SPAN)
    assert (said.tone, said.headline) == ("warn", "Nothing was dropped, but not everything is well")
    assert "4 decisions on its spool, because the database takes none (database 'x' is locked)" in said.details[1]


def test_what_a_process_left_on_its_spool_is_for_another_to_write() -> None:
    said = verdict([replace(WELL, state="ended", spool_waiting=1)], SPAN)
    assert said.tone == "warn" and "a gateway on that machine writes them" in said.details[1]


def test_what_another_process_on_the_machine_has_taken_over_is_no_trouble_any_more() -> None:
    ended = replace(WELL, state="ended", spool_waiting=1)
    later = replace(WELL, process="host:18:def", last_seen=NOW + timedelta(minutes=3))
    assert verdict([later, ended], SPAN).tone == "ok"
    elsewhere = replace(later, process="other:18:def")
    assert verdict([elsewhere, ended], SPAN).tone == "warn"


def test_a_process_that_went_silent_leaves_a_doubt() -> None:
    said = verdict([replace(WELL, state="silent", queued=3)], SPAN)
    assert (said.tone, said.headline) == ("warn", "Nothing was dropped, as far as is known")
    assert "3 decisions were in its memory then" in said.details[1]
    assert "Nothing waited then" in verdict([replace(WELL, state="silent")], SPAN).details[1]


def test_what_fits_no_database_is_kept_aside_and_said() -> None:
    said = verdict([replace(WELL, refused=1)], SPAN)
    assert said.tone == "warn" and "kept aside" in said.details[1]
