"""Alerts, and the overview's two cards about now and this week, run as Streamlit runs them, over a real store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from telemetry.incidents import incident_row
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.operation import INCIDENT
from tests.traces import Routed, emit

MAIN = Path(__file__).parents[4] / "app" / "main.py"
NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script> **bold** \u202e\x1b[31m"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(home: Path, requests: int = 1, *incidents: dict[str, object]) -> None:
    url = f"sqlite:///{home / 'routescope.db'}"
    with Telemetry.open(url, home=home, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(requests):
            emit(tracer, Routed(f"{number:032x}", at=NOW - timedelta(minutes=5, seconds=number)))
    if incidents:
        with writing(open_engine(url)) as connection:
            connection.execute(sa.insert(INCIDENT), list(incidents))


def opened(model: str, hours: float) -> dict[str, object]:
    at = NOW - timedelta(hours=hours)
    return incident_row("breaker_opened", "it opened", at=at, process="h:1", fields={"model": model, "why": "timeout"})


def page(file: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.switch_page(f"pages/{file}.py").run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html")).replace("\u00a0", " ")


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(one.proto.label, one.proto.query_string) for one in app.get("page_link")]


def test_a_store_without_a_request_says_so(home: Path) -> None:
    assert "This page shows what was routed" in text_of(page("alerts"))


def test_a_quiet_store_says_what_was_looked_at_and_what_could_not_be(home: Path) -> None:
    keep(home)
    said = text_of(page("alerts"))
    assert "Nothing needs attention" in said
    assert "none open, none in the last 7 days" in said
    assert "could not be asked: the gateway at http://127.0.0.1:9 does not answer" in said
    assert "Over by now" not in said


def test_what_lasts_is_apart_from_what_is_over_and_each_leads_to_its_page(home: Path) -> None:
    lost = incident_row("not_durable", "disk full", at=NOW - timedelta(hours=30), process="h:1", level=logging.ERROR)
    keep(home, 1, opened(HOSTILE, 2), lost)
    app = page("alerts")
    said = text_of(app)
    assert said.index("Needs attention") < said.index("The breaker of &lt;script&gt;") < said.index("Over by now")
    assert said.index("Over by now") < said.index("Lost: 1 decision")
    assert f"Since {NOW - timedelta(hours=2):%Y-%m-%d %H:%M}" in said
    assert "<script" not in said and "\x1b" not in said and "\u202e" not in said
    assert any(label == "Its course" and "watched=" in query for label, query in links(app))


def test_the_overview_shows_the_first_three_and_how_many_more_there_are(home: Path) -> None:
    keep(home, 40, *(opened(f"m{number}", number + 1) for number in range(5)))
    app = page("overview")
    said = text_of(app)
    assert [f"The breaker of m{number} is open" in said for number in range(5)] == [True, True, True, False, False]
    assert "2 more findings" in [label for label, _ in links(app)]


def test_the_overview_says_of_this_week_only_what_it_can(home: Path) -> None:
    keep(home, 40)
    assert "Too few requests to compare weeks: " in text_of(page("overview"))


def test_a_store_that_cannot_answer_is_told_on_the_card_and_the_page_goes_on(home: Path) -> None:
    keep(home)
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    with writing(engine) as connection:
        connection.execute(sa.text("DROP TABLE incident"))
    said = text_of(page("overview"))
    assert "This part could not be shown" in said
    assert "Latest decisions" in said
