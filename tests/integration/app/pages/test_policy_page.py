"""The Policy page, run as Streamlit runs it, over a real store and a real gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from router_core.policy.loading import parse_policy
from telemetry.setup import Telemetry
from tests.serving import POLICY, free_port, gateway, write_policy
from tests.traces import Routed, emit

MAIN = Path(__file__).parents[4] / "app" / "main.py"
NOW = datetime.now(UTC)
HOSTILE = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1))"
FIRST = POLICY.format(url="http://127.0.0.1:9/v1")
SECOND = FIRST.replace('input = "10"', 'input = "12"').replace('message = "Ask a person."', f'message = "{HOSTILE}"')


def version(text: str) -> str:
    return parse_policy(text, Path("policy.toml")).version


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(home: Path, *decisions: Routed) -> None:
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home) as telemetry:
        for days, (text, by) in enumerate([(FIRST, "ada"), (SECOND, HOSTILE)]):
            at = NOW - timedelta(days=9 - days)
            telemetry.record_policy_version(version(text), "loopback", text, by, at=at)
        for decision in decisions:
            emit(telemetry.tracer_provider.get_tracer("test"), decision)


def routed(number: int, text: str) -> Routed:
    return Routed(f"{number:032x}", at=NOW - timedelta(minutes=5 + number), policy_version=version(text))


def open_policy(**params: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.switch_page("pages/policy.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_any_policy_it_says_how_one_comes(home: Path) -> None:
    assert "A gateway records its policy when it starts" in said(open_policy())


def test_the_version_of_the_last_request_is_shown_with_its_share_and_what_it_changed(home: Path) -> None:
    keep(home, routed(1, FIRST), routed(2, SECOND), routed(3, SECOND), routed(4, SECOND))
    told = said(open_policy())
    assert f"loopback, version {version(SECOND)}" in told
    assert "3 of 4 (75.0 %)" in told
    assert "the gateway does not say what is in force" in told
    assert "price.input was &quot;10&quot;, is &quot;12&quot;" in told
    assert "The gateway does not answer" in told


def test_any_version_can_be_asked_for_in_the_address_and_then_chosen_in_the_list(home: Path) -> None:
    keep(home, routed(1, SECOND))
    app = open_policy(version=version(FIRST))
    assert f"loopback, version {version(FIRST)}" in said(app)
    assert "not the one that decided last" in said(app)
    assert "What changed" not in said(app)
    app.selectbox(key="policy-version").select(version(SECOND)).run()
    assert f"loopback, version {version(SECOND)}" in said(app)
    assert app.query_params["version"] in (version(SECOND), [version(SECOND)])
    told = said(app)
    assert told.index("How it decides") < told.index("What changed")
    # What was asked for stands above all that the policy says.
    told = said(open_policy(version=version(SECOND), against=version(FIRST)))
    assert told.index("What changed") < told.index("How it decides") and told.count("What changed") == 1


def test_a_version_that_is_not_there_is_said(home: Path) -> None:
    keep(home)
    assert "The store has no version feedbeef of the policy." in said(open_policy(version="feedbeef"))


def test_what_people_wrote_into_a_policy_is_shown_as_text(home: Path) -> None:
    keep(home, routed(1, SECOND))
    app = open_policy()
    assert "<img src=x" not in said(app)
    assert "refuse, saying “&lt;img src=x onerror=alert(1)&gt;" in said(app)
    labels = [element.value for element in app.markdown] + [box.label for box in app.selectbox]
    assert not [label for label in labels if "alert(1)" in label]


def test_a_gateways_own_version_is_in_force_its_models_are_told_and_so_is_a_refused_change(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = write_policy(home, "http://127.0.0.1:9/v1")
    with gateway(home, policy) as (url, service):
        monkeypatch.setenv(GATEWAY_VARIABLE, url)
        told = said(open_policy())
        assert '<span class="rs-ok">in force</span>' in told
        assert "no calls" in told
        assert "A change is refused" not in told
        policy.write_text(policy.read_text().replace('kind = "refusal"', 'kind = "refusals"'))
        st.cache_data.clear()
        app = refused(service)
        assert "A change is refused" in said(app)
        # In the table alone: the banner above leaves the faults to it.
        assert said(app).count("kind &#x27;refusals&#x27; is unknown") == 1
        assert said(app).count("is refused since") == 1


def refused(service: object) -> AppTest:
    """The page once the gateway has looked at its file again; it looks twice a second."""
    end = datetime.now(UTC) + timedelta(seconds=20)
    while getattr(service, "refused", None) is None and datetime.now(UTC) < end:
        time.sleep(0.05)
    st.cache_data.clear()
    return open_policy()
