from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import log_output
from app.log_output import LineFormatter, LogFormat, LogOutput
from router_core.redaction import redact_text
from telemetry.log import DECISION, event

log = logging.getLogger("routescope.test")
KEY = "sk-" + "proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    raising = logging.raiseExceptions
    yield
    logging.raiseExceptions = raising


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("routescope.test", logging.WARNING, "file", 1, message, None, None)
    vars(made).update(extra)
    return made


def line(form: LogFormat, message: str, **extra: Any) -> str:
    return LineFormatter(form, redact_text).format(record(message, **extra))


def test_a_record_in_json_says_when_how_bad_and_what():
    document = json.loads(line("json", "the disk is full", **event("spool_in_use", waiting=3, last_error=None)))
    assert document.pop("time").endswith("+00:00")
    assert document == {
        "level": "warning",
        "event": "spool_in_use",
        "logger": "routescope.test",
        "message": "the disk is full",
        "waiting": 3,
    }


def test_a_record_that_is_no_event_is_an_ordinary_line():
    assert json.loads(line("json", "hello"))["event"] == "log"


def test_a_record_as_text_is_its_sentence_after_its_time():
    written = line("text", "the disk is full")
    assert written.endswith(" warning the disk is full")


def test_no_record_can_forge_a_line_of_text():
    written = line("text", "bad prompt\n2026-11-23T00:00:00.000+00:00 info all is well\r\x1b[2J")
    first, *others = written.split("\n")
    assert first.endswith("bad prompt")
    assert all(other.startswith("    ") for other in others)
    assert "\x1b" not in written
    assert "\r" not in written


@given(st.text(st.characters(), max_size=200))
def test_one_record_is_one_line_of_json_whatever_it_holds(text: str):
    written = LineFormatter("json", lambda same: same).format(record("%s", args=(text,), **event("e", model=text)))
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["model"] == text


def test_keys_and_personal_data_are_not_written():
    document = json.loads(
        line("json", f"upstream said: bad key {KEY}", **event("x", error_message="mail bob@acme.com"))
    )
    assert KEY not in str(document)
    assert "bob@acme.com" not in str(document)
    assert KEY not in line("text", f"upstream said: bad key {KEY}")


def test_identifiers_that_look_like_numbers_stay_as_they_are():
    decision_id = "01930000123456789123456789abcdef"
    document = json.loads(line("json", f"decision {decision_id}: ok", **event(DECISION, decision_id=decision_id)))
    assert document["decision_id"] == decision_id
    assert decision_id in document["message"]


def test_what_cannot_be_searched_is_not_written():
    def fails(text: str) -> str:
        raise RuntimeError(text)

    written = LineFormatter("json", fails).format(record("the secret"))
    assert "secret" not in written


def test_a_traceback_is_in_the_line_of_its_record(tmp_path: Path):
    file = tmp_path / "log"
    with LogOutput("json", file, redact_text):
        try:
            raise ValueError("broken\nin two")
        except ValueError:
            log.exception("it failed")
    (written,) = file.read_text().splitlines()
    assert "ValueError: broken" in json.loads(written)["exception"]


def test_decisions_are_written_in_json_or_into_a_file_and_else_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    decisions = logging.getLogger("routescope.decision")
    with LogOutput("text", None, redact_text):
        decisions.info("quiet", extra=event(DECISION))
    with LogOutput("json", None, redact_text):
        decisions.info("told", extra=event(DECISION))
    with LogOutput("text", tmp_path / "log", redact_text):
        decisions.info("filed", extra=event(DECISION))
    (on_stderr,) = capfd.readouterr().err.splitlines()
    assert json.loads(on_stderr)["message"] == "told"
    assert (tmp_path / "log").read_text().endswith("info filed\n")


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path):
    file = tmp_path / "log"
    with LogOutput("text", file, redact_text) as output:
        log.warning("one")
        wait_for_a_line(file)
        file.rename(tmp_path / "log.1")
        log.warning("two")
    assert output.left_out == 0
    assert (tmp_path / "log.1").read_text().endswith("one\n")
    assert file.read_text().endswith("two\n")


def wait_for_a_line(file: Path) -> None:
    for _ in range(500):
        if file.exists() and file.read_text():
            return
        threading.Event().wait(0.01)
    pytest.fail("nothing was written")


def test_a_reader_that_does_not_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(log_output, "MOST_WAITING", 5)
    go_on = threading.Event()

    def waits(text: str) -> str:
        assert go_on.wait(60)
        return text

    file = tmp_path / "log"
    with LogOutput("text", file, waits) as output:
        for number in range(20):
            log.warning("line %d", number)
        assert 14 <= output.left_out <= 15, "the queue's five, and the one that is being written"
        go_on.set()
    assert len(file.read_text().splitlines()) == 20 - output.left_out


def test_a_full_disk_fails_nobody(capfd: pytest.CaptureFixture[str]):
    with LogOutput("text", Path("/dev/full"), redact_text):
        log.warning("no room for this")
    assert capfd.readouterr().err == ""
