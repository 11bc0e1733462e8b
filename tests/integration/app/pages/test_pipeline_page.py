"""The page about telemetry itself, as Streamlit runs it, over a real store."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.settings import GATEWAY_VARIABLE
from telemetry.storage import pipeline_hours
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.lease import LEASE
from telemetry.storage.operation import JOB_RUN, PIPELINE_SAMPLE, TABLE_SIZE, row_id
from tests import operation
from tests.integration.app.test_pages import HOSTILE, NOW, home, keep, open_page, routed, text_of
from tests.traces import START

__all__ = ["home"]


@pytest.fixture(autouse=True)
def nobody_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No gateway runs where the page looks for one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv(GATEWAY_VARIABLE, f"http://127.0.0.1:{probe.getsockname()[1]}")


def sample(process: str = "host:17:abc", ago: timedelta = timedelta(seconds=30), **more: object) -> operation.Row:
    # Not the module's NOW: a process that was seen minutes ago is silent, and a suite takes minutes.
    at = datetime.now(UTC) - ago
    moved = {"ts": at, "minute": int(at.timestamp() // 60), "started": at - timedelta(hours=1)}
    return operation.sample(process, 0) | moved | {"sample_id": row_id(process, at)} | more


def note(home: Path, *samples: operation.Row) -> None:
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    with writing(engine) as connection:
        connection.execute(sa.insert(PIPELINE_SAMPLE), list(samples))
        pipeline_hours.rebuild(connection)
    engine.dispose()


def test_an_empty_store_says_that_nothing_is_known_and_what_to_do(home: Path) -> None:
    said = text_of(open_page("pipeline"))
    assert "Nothing is known: no gateway has reported" in said
    assert "The gateway does not answer" in said and "<code>routescope up</code>" in said
    assert "nobody holds it" in said and "have not been measured yet" in said


def test_when_nothing_was_dropped_it_says_so(home: Path) -> None:
    keep(home, routed(1))
    note(home, sample(ago=timedelta(seconds=90)), sample())
    said = text_of(open_page("pipeline"))
    assert "Nothing was dropped</div>" in said and "200 decisions were kept in the last 24 hours by 1 process" in said
    assert "host:17:abc" in said and "rs-ok" in said


def test_what_was_dropped_is_said_with_its_process(home: Path) -> None:
    note(home, sample(not_durable=2, last_error=HOSTILE), sample("host:18:def", abandoned=1, last=True))
    said = text_of(open_page("pipeline"))
    assert "3 decisions were dropped" in said and "Process 17 on host could keep 2 decisions nowhere" in said
    assert "<script" not in said and "\u202e" not in said and "&lt;script&gt;" in said


def test_a_shorter_time_leaves_out_what_was_before_it(home: Path) -> None:
    note(home, sample(ago=timedelta(hours=2), not_durable=2), sample())
    app = open_page("pipeline", range="8w")
    assert "2 decisions were dropped" in text_of(app)
    assert "In the address but not used on this page: period 8w." in text_of(app)
    next(one for one in app.button_group if one.key == "span").set_value("1h").run()
    assert app.query_params["span"] == "1h"
    assert "Nothing was dropped</div>" in text_of(app)


def test_storage_and_jobs_are_told_as_they_were_last_seen(home: Path) -> None:
    keep(home, routed(1))
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")

    def size(taken: datetime, number: int) -> operation.Row:
        return {
            "size_id": row_id("request", taken),
            "taken": taken,
            "name": "request",
            "row_count": number,
            "bytes": number * 1_000_000,
        }

    run = operation.job_run("retention", 0, "OSError: no room") | {"started": NOW - timedelta(hours=1)}
    with writing(engine) as connection:
        connection.execute(sa.insert(TABLE_SIZE), [size(NOW - timedelta(days=2), 10), size(NOW, 30)])
        connection.execute(sa.insert(JOB_RUN), [run])
        # Not the module's NOW: a suite takes longer than a lease.
        expires = datetime.now(UTC) + timedelta(minutes=9)
        connection.execute(sa.insert(LEASE), [{"name": "jobs", "holder": "h:1", "expires": expires}])
    engine.dispose()
    said = text_of(open_page("pipeline"))
    assert "10.0 MB more a day" in said
    assert "Failed: OSError: no room" in said and "held" in said
    assert "for ever" in said and "nothing was pruned" in said


def test_what_happened_long_ago_is_not_listed(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    operation.fill(engine)
    engine.dispose()
    assert NOW - timedelta(days=30) > START
    assert "Nothing happened in this time" in text_of(open_page("pipeline"))
