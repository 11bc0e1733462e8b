"""The top of a page: what it is set to is what is counted, and what is counted is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import plain
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
    st.session_state["view"] = toolbar.draw("Title", "What it answers")


def opened(**params: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=120)
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
    assert not any("\u202e" in button.label for button in app.button)
    assert "\u202e" not in said(app)


def test_every_filter_of_the_address_is_counted_by_and_said() -> None:
    app = opened(
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
    assert "<b>user and playground</b>" in said(app)
    labels = [button.label for button in app.button]
    for label in ("Route: chat", "Model: small", "Intent: code", "Status: ok", "Demo traffic: left out"):
        assert plain.markdown(label) in labels


def test_a_filter_that_is_on_is_a_button_that_takes_it_back() -> None:
    app = opened(model="small", intent="code")
    next(button for button in app.button if button.label.startswith("Model")).click().run()
    assert (view(app).filters.models, view(app).filters.intents) == ((), ("code",))
    assert "model" not in app.query_params


def test_a_stretch_of_days_of_ones_own_is_one_more_choice_beside_the_named_ones() -> None:
    app = opened(range="2026-03-02..2026-03-08")
    assert view(app).period.label == "2 Mar 2026 to 8 Mar 2026"
    assert app.button_group(key="range").value == "2026-03-02..2026-03-08"


def test_a_page_looks_again_by_itself_when_asked_to() -> None:
    app = opened(refresh="10s")
    assert app.selectbox(key="refresh").value == "10s"
    assert opened(refresh="never").selectbox(key="refresh").value == "off"


def test_risk_data_class_and_policy_version_narrow_too() -> None:
    shown = view(opened(risk="high", policy="abc", data_class="sensitive"))
    filters = shown.filters
    assert (filters.risks, filters.policy_version, filters.data_classes) == (("high",), "abc", ("sensitive",))
    assert shown.narrowed


def test_a_name_that_the_store_has_never_seen_is_offered_while_the_address_asks_for_it() -> None:
    app = opened(model="gone")
    assert app.multiselect(key="model").options == ["small", "calculator", "gone"]
    assert view(app).filters.models == ("gone",)
