"""The top of a page: what it is set to is what is counted, and what is counted is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.dashboard.view import View
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from telemetry.setup import Telemetry
from tests.traces import Attempt, Routed, emit

ODD = "te\u202enant"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    with Telemetry.open(f"sqlite:///{tmp_path / 'routescope.db'}", home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        at = datetime.now(UTC) - timedelta(minutes=5)
        emit(tracer, Routed("1" * 32, at=at, tenant=ODD, intent="code", attempts=(Attempt(model="small"),)))
        tool = Attempt(model="calculator", kind="tool")
        emit(tracer, Routed("2" * 32, at=at, route="extract", attempts=(tool,)))
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def page() -> None:
    import streamlit as st

    from app.dashboard import address, toolbar

    address.settle("page", playground=False)
    st.session_state["view"] = toolbar.draw(
        "Title", "What it answers", statuses=st.session_state.get("statuses", False)
    )


def opened(*, statuses: bool = False, **params: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["statuses"] = statuses
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def view(app: AppTest) -> View:
    return app.session_state["view"]


def said(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_a_word_it_is_thirty_days_of_what_users_asked() -> None:
    app = opened()
    assert (view(app).period.key, view(app).filters.purposes, view(app).narrowed) == ("30d", ("user",), False)
    assert "<i>Purpose</i> <b>user</b>" in said(app)


def test_the_choices_are_what_the_store_holds_models_and_tools_together() -> None:
    app = opened()
    assert app.multiselect(key="model").options == ["small", "calculator"]
    assert app.multiselect(key="route").options == ["chat", "extract"]


def test_a_name_that_turns_the_direction_of_writing_is_spelled_out_and_still_filters() -> None:
    app = opened()
    assert "te[U+202E]nant" in app.multiselect(key="tenant").options
    app.multiselect(key="tenant").select("te[U+202E]nant").run()
    assert view(app).filters.tenants == (ODD,)
    assert "te[U+202E]nant" in said(app)
    assert "\u202e" not in said(app)


def test_every_filter_of_the_address_is_counted_by_and_said() -> None:
    app = opened(
        statuses=True,
        range="7d",
        route="chat",
        model="small",
        intent="code",
        status="ok",
        simulated="real",
        playground="true",
    )
    filters = view(app).filters
    assert (filters.routes, filters.models, filters.intents, filters.statuses) == (
        ("chat",),
        ("small",),
        ("code",),
        ("ok",),
    )
    assert (filters.purposes, filters.simulated) == (("user", "playground"), False)
    for chip in ("chat", "small", "code", "ok", "user and playground", "left out"):
        assert f"<b>{chip}</b>" in said(app)


def test_statuses_are_offered_and_counted_by_only_where_they_make_sense() -> None:
    assert len(opened().multiselect) == 4
    assert view(opened(status="failed")).filters.statuses == ()
    assert len(opened(statuses=True).multiselect) == 5


def test_a_name_that_the_store_has_never_seen_is_offered_while_the_address_asks_for_it() -> None:
    app = opened(model="gone")
    assert app.multiselect(key="model").options == ["small", "calculator", "gone"]
    assert view(app).filters.models == ("gone",)
