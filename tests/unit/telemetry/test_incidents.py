from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.incidents import KINDS, IncidentKeeper, incident_row
from telemetry.journal import Journal
from telemetry.log import event
from telemetry.storage.engine import open_engine, reading
from telemetry.storage.operation import INCIDENT

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
log = logging.getLogger("routescope.incident")


class Kept:
    """A keeper, and what it has kept."""

    def __init__(self, url: str) -> None:
        self.journal = Journal(url)
        self.url = url
        self.keeper = IncidentKeeper(self.journal, "host:1", lambda text: text.replace("sk-hunter2", "[key]"))
        self.keeper.attach()

    def rows(self) -> list[Any]:
        assert self.journal.flush()
        with reading(open_engine(self.url)) as connection:
            return list(connection.execute(sa.select(INCIDENT).order_by(INCIDENT.c.ts)))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(f"sqlite:///{tmp_path / 't.db'}")
    yield kept
    kept.keeper.close()
    kept.journal.close()


def test_an_incident_of_the_log_is_a_row(kept: Kept):
    fields = {"model": "small", "deployment": "east", "since": NOON.isoformat(), "why": "3 failures in a row"}
    log.warning("the breaker of small opened", extra=event("breaker_opened", **fields))
    (row,) = kept.rows()
    assert (row.ts, row.kind, row.severity, row.process) == (NOON, "breaker_opened", "warning", "host:1")
    assert (row.model, row.deployment, row.detail) == ("small", "east", "the breaker of small opened")
    assert (json.loads(row.fields), row.simulated) == ({"why": "3 failures in a row"}, False)


def test_an_incident_without_a_moment_of_its_own_has_that_of_its_record(kept: Kept):
    logging.getLogger("telemetry.collector").error("it is gone", extra=event("collector_away", why="it cannot be"))
    (row,) = kept.rows()
    assert abs(row.ts - datetime.now(UTC)) < timedelta(seconds=30)
    assert row.severity == "error"


@pytest.mark.parametrize("since", [None, 5, "yesterday", "2026-11-23T12:00:00"])
def test_a_moment_that_is_none_is_left_alone(kept: Kept, since: Any):
    log.warning("open", extra=event("breaker_opened", since=since))
    assert len(kept.rows()) == 1


def test_quiet_incidents_are_kept_too(kept: Kept):
    log.info("it lets one call through", extra=event("breaker_half_open", model="small"))
    assert [row.severity for row in kept.rows()] == ["info"]


def test_decisions_and_plain_lines_are_no_incidents(kept: Kept):
    log.warning("just a line")
    log.warning("a decision", extra=event("decision", decision_id="d1"))
    assert kept.rows() == []


def test_keys_are_taken_out_of_sentences_and_fields(kept: Kept):
    faults = [{"problem": "sk-hunter2 is no name", "line": 3}]
    log.error("refused: sk-hunter2", extra=event("policy_refused", policy_version="v1", faults=faults))
    (row,) = kept.rows()
    assert (row.detail, row.policy_version) == ("refused: [key]", "v1")
    assert json.loads(row.fields) == {"faults": [{"problem": "[key] is no name", "line": 3}]}


def test_after_its_end_nothing_is_kept(kept: Kept):
    kept.keeper.close()
    log.warning("open", extra=event("breaker_opened"))
    assert kept.rows() == []


def test_a_field_that_json_cannot_hold_harms_nobody(kept: Kept):
    fields = event("spool_in_use", waiting=float("nan"), what=object())
    # Not through the log: what a test logs is sent from process to process, and this text cannot be.
    kept.keeper.handle(log.makeRecord(log.name, logging.WARNING, "", 0, "odd\ud800", (), None, extra=fields))
    (row,) = kept.rows()
    assert json.loads(row.fields)["waiting"] is None


def test_the_same_incident_has_the_same_id_and_another_another():
    one = incident_row("breaker_opened", "open", at=NOON, process="p", fields={"model": "small"})
    again = incident_row("breaker_opened", "open", at=NOON, process="p", fields={"model": "small"})
    others = [
        incident_row("breaker_closed", "open", at=NOON, process="p", fields={"model": "small"}),
        incident_row("breaker_opened", "open", at=NOON, process="q", fields={"model": "small"}),
        incident_row("breaker_opened", "open", at=NOON, process="p", fields={"model": "large"}),
        incident_row("breaker_opened", "open", at=NOON + timedelta(microseconds=1), process="p"),
    ]
    assert one["incident_id"] == again["incident_id"]
    assert len({row["incident_id"] for row in (one, *others)}) == 5


def test_every_kind_of_incident_stands_in_the_documentation():
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [kind for kind in sorted(KINDS) if f"`{kind}`" not in page] == []
