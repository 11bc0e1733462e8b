"""Pages over calls that other systems made: shown as theirs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from telemetry.foreign import rows_of
from telemetry.otlp import read
from telemetry.setup import Telemetry
from tests.otlp import LITELLM, OPENLLMETRY, request, span

MAIN = Path(__file__).parents[3] / "app" / "main.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(home: Path) -> list[str]:
    """An answered call and a failed one; their ids."""
    body = request(span(LITELLM, 1), span(OPENLLMETRY, 2, failed="slow down"))
    spans = read(body.SerializeToString(), "protobuf", time.time_ns()).spans
    ids: list[str] = []
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, content="full") as telemetry:
        telemetry.sink.listen(lambda bundle, state: ids.extend(row["decision_id"] for row in bundle.requests))
        assert asyncio.run(telemetry.sink.keep(lambda content: rows_of(spans, content, "default"))) == "committed"
    return ids


def open_page(page: str = "", **params: str) -> str:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    if page:
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    said = [element.proto.body for element in app.get("html")]
    tables = [one.proto.json for one in app.get("bidi_component")]
    return "\n".join([*said, *tables])


def test_the_overview_counts_what_others_called(home: Path):
    keep(home)
    assert "Requests: 2" in open_page()


def test_a_list_of_decisions_says_whose_they_are(home: Path):
    keep(home)
    assert "otlp/litellm" in open_page("decisions")


@pytest.mark.parametrize("which", [0, 1])
def test_the_page_of_one_says_that_routescope_decided_nothing(home: Path, which: int):
    page = open_page("decision", decision=keep(home)[which])
    assert "RouteScope decided nothing" in page
    assert "otlp/litellm" in page
