"""The page Alerts over a store in which rules were evaluated, run as Streamlit runs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from telemetry.alerts.round import Channel, evaluate
from telemetry.alerts.silences import silence
from tests.alerting import failures, some, store

MAIN = Path(__file__).parents[4] / "app" / "main.py"
HOSTILE = "<script>alert(1)</script> **bold** \u202e\x1b[31m"
NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setenv(DATABASE_VARIABLE, f"sqlite:///{tmp_path / 't.db'}")
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def engine(home: Path) -> sa.Engine:
    """Most requests of a tenant with a hostile name have failed; a few of another; and there is simulated traffic."""
    return store(
        home,
        [
            *some(60, failed=40, at=NOW - 5 * MINUTE, tenant=HOSTILE),
            *some(60, failed=2, at=NOW - 5 * MINUTE, name="a", tenant="acme"),
            *some(30, failed=30, at=NOW - 5 * MINUTE, name="s", simulated=True, tenant="made up"),
        ],
    )


RULES = (
    failures(name="tenants fail", per="tenant", channels=("team",), description="Ask them."),
    failures(name="later", lasting=timedelta(hours=1), severity="error"),
    failures(name=HOSTILE, threshold=0.99),
)


def page(file: str = "alerts") -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.switch_page(f"pages/{file}.py").run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html")).replace("\u00a0", " ")


def test_what_fires_stands_with_its_value_interval_and_n_and_leads_to_its_decisions(engine: sa.Engine) -> None:
    evaluate(engine, RULES, now=NOW, channels=[Channel("team")])
    app = page()
    said = text_of(app)
    assert "tenants fail: &lt;script&gt;alert(1)&lt;/script&gt; **bold** [U+202E]" in said
    assert "Failed requests 66.7 % (54.1 % to 77.3 %), threshold above 5.0 %, over 1 h, n = 60." in said
    assert said.index("Firing") < said.index("Pending") < said.index("Rules") < said.index("History")
    assert "less than a minute of 1 h so far" in said and "Ask them." in said
    assert "Simulated." in said and "<script>" not in said and "\x1b" not in said
    links = [one.proto.query_string for one in app.get("page_link") if one.proto.label == "Decisions"]
    assert any("status=failed" in link and "simulated=real" in link and "tenant=%3Cscript" in link for link in links)
    # The message waits for its channel.
    assert "waiting" in said and "team" in said


def test_what_is_silenced_stands_apart_with_who_and_until_when(engine: sa.Engine) -> None:
    evaluate(engine, RULES, now=NOW)
    silence(
        engine, "tenants fail", HOSTILE, until=NOW + timedelta(hours=4), author="me", why="a <b>release</b>", now=NOW
    )
    app = page()
    said = text_of(app)
    assert f"Until {NOW + timedelta(hours=4):%Y-%m-%d %H:%M}" in said and "by me. a &lt;b&gt;release&lt;/b&gt;" in said
    app.button(key=next(one.key for one in app.button if (one.key or "").startswith("unsilence-"))).click().run()
    assert "The silence goes on: the gateway at http://127.0.0.1:9 does not answer" in text_of(app)


def test_a_click_that_cannot_be_carried_out_says_so(engine: sa.Engine) -> None:
    evaluate(engine, RULES, now=NOW)
    app = page()
    app.button(key=next(one.key for one in app.button if (one.key or "").startswith("do-silence-"))).click().run()
    assert not app.exception
    assert "Not silenced: the gateway at http://127.0.0.1:9 does not answer" in text_of(app)


def test_rules_that_nobody_evaluates_any_more_are_said_to_be_so(engine: sa.Engine) -> None:
    evaluate(engine, RULES, now=NOW - timedelta(hours=3))
    assert "nobody watches" in text_of(page())


def test_the_overview_shows_what_fires_and_leads_to_it(engine: sa.Engine) -> None:
    evaluate(engine, RULES, now=NOW)
    app = page("overview")
    assert "Tenants fail: &lt;script&gt;" in text_of(app)
    assert "The alert" in [one.proto.label for one in app.get("page_link")]
