"""Latency & reliability, run as Streamlit runs it, over a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from router_core import semconv
from telemetry.incidents import incident_row
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.operation import INCIDENT
from tests.rows import names_of
from tests.traces import Attempt, Routed, emit

MAIN = Path(__file__).parents[4] / "app" / "main.py"
NOW = datetime.now(UTC)
BAD_HOUR = (NOW - timedelta(hours=6)).replace(minute=5, second=0, microsecond=0)
HOSTILE = "<script>alert(1)</script> **bold** \u202e\x1b[31m"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A day of a steady model, and one hour in which the other one fails half of its calls."""
    home = tmp_path_factory.mktemp("latency")
    url = f"sqlite:///{home / 'routescope.db'}"
    with Telemetry.open(url, home=home, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(100):
            at = NOW - timedelta(minutes=14 * number + 3)
            emit(tracer, Routed(f"s{number:031}", at=at, attempts=(Attempt("steady", latency_ms=40.0 + number % 7),)))
            emit(tracer, Routed(f"f{number:031}", at=at, attempts=(Attempt("frail", latency_ms=90.0),)))
        for number in range(20):
            error = Attempt("frail", outcome="failed", latency_ms=300.0, extra={semconv.ERROR_TYPE: "rate_limited"})
            answer = Attempt(HOSTILE if number == 0 else "steady")
            emit(tracer, Routed(f"b{number:031}", at=BAD_HOUR + timedelta(minutes=number), attempts=(error, answer)))
        late = {semconv.ERROR_TYPE: "deadline_exceeded"}
        failed = (Attempt("frail", outcome="failed", latency_ms=9_000.0, extra={semconv.ERROR_TYPE: HOSTILE}),)
        emit(tracer, Routed("1a7e" + "0" * 28, at=BAD_HOUR, attempts=failed, status="failed", extra=late))
    with writing(open_engine(url)) as connection:
        fields = {"model": "frail", "deployment": "east", "why": HOSTILE}
        row = incident_row("breaker_opened", "the breaker opened", at=BAD_HOUR, process="h:1", fields=fields)
        connection.execute(sa.insert(INCIDENT), [row])
    yield home


@pytest.fixture(autouse=True)
def settled(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def open_page(**params: str) -> AppTest:
    """The page by itself, without main.py around it."""
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    app.switch_page("pages/latency.py").run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    """What our own HTML says on the page."""
    return "\n".join(element.proto.body for element in app.get("html")).replace("\u00a0", " ")


def charts_of(app: AppTest) -> str:
    """All that charts draw; what a click on them filters by is sent back, and never drawn."""
    drawn = [json.loads(element.proto.spec) for element in app.get("plotly_chart")]
    return json.dumps(
        [[{**trace, "customdata": None} for trace in one["data"]] + [one["layout"]] for one in drawn],
        ensure_ascii=False,
    )


def test_the_page_answers_how_fast_how_reliable_and_what_was_done() -> None:
    said = text_of(open_page())
    for title in (
        *("Latency by model", "Time to first token by model", "Where durations crowd", "Output speed by model"),
        *("Errors of models, by type", "One model&#x27;s trouble", "Breakers and fallbacks", "Slowest decisions"),
    ):
        assert title in said
    assert "Deadlines missed: 1 of 221; 95 % interval 0.08 to 2.52 %." in said
    assert "21 of 221 requests that asked a model or tool fell back" in said
    assert "Not closed again: frail at east." in said


def test_the_worst_stretch_of_the_model_that_failed_most_is_told_with_its_numbers() -> None:
    app = open_page()
    said = text_of(app)
    assert f"from {BAD_HOUR:%H}:00 to" in said
    assert "of frail failed, against 0.00 % of" in said
    assert "mostly rate limited (20 of 21)" in said
    next(button for button in app.button if button.label == "Look at these hours").click().run()
    assert str(app.session_state["range"]).startswith(f"{BAD_HOUR - timedelta(hours=6):%Y-%m-%dT%H}..")


def test_another_model_is_chosen_in_the_address() -> None:
    assert "No stretch stands out" in text_of(open_page(watched="steady"))
    assert "nobody was not called in this period" in text_of(open_page(watched="nobody"))


def test_the_percentile_is_in_the_address_and_rules_numbers_and_charts() -> None:
    assert "Latency, p95" in text_of(open_page())
    said = text_of(open_page(percentile="p99"))
    assert "Latency, p99" in said and "99th percentile" in said
    assert "Latency, p95" in text_of(open_page(percentile=HOSTILE))


def test_an_error_in_the_address_leads_to_its_decisions() -> None:
    app = open_page(error="rate_limited", error_of="frail")
    assert "Decisions with rate limited of frail" in text_of(app)
    listed = next(names for names in names_of(app) if len(names) == 10)
    assert all(name.startswith("b0") for name in listed)
    next(button for button in app.button if button.label == "Close").click().run()
    assert "error" not in app.query_params
    assert "Decisions with" not in text_of(app)
    assert "None in this period" in text_of(open_page(error="timeout", error_of="frail"))


def test_hostile_names_and_errors_are_text() -> None:
    app = open_page(error=HOSTILE, error_of="frail", watched=HOSTILE)
    for said in (text_of(app), charts_of(app)):
        assert "<script" not in said and "\x1b" not in said and "\u202e" not in said
    assert not [element.value for element in app.markdown if "alert(1)" in element.value]


def test_filters_that_leave_nothing_say_what_to_do() -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params["tenant"] = "nobody"
    app.switch_page("pages/latency.py").run()
    assert not app.exception
    assert "No request matches these filters" in text_of(app)
