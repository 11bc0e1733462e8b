"""The Compliance page, run as Streamlit runs it, over a real store; and the file that it hands out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.panels.compliance import evidence
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from router_core import semconv
from telemetry.evidence.bundle import Period
from telemetry.evidence.check import check
from telemetry.setup import Telemetry
from tests.rows import names_of, sent, tables_of
from tests.traces import Attempt, Routed, emit

MAIN = Path(__file__).parents[4] / "app" / "main.py"
NOW = datetime.now(UTC)
HOSTILE = "<img src=x onerror=alert(1)> **bold**"
POLICY = """
format = 1
name = "p"
owner = "governance"
[[rules]]
name = "stays"
owner = "security"
[[rules]]
name = "idle"
"""
CLOUD, LOCAL = {semconv.BRANCH_LOCATION: "cloud"}, {semconv.BRANCH_LOCATION: "local"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(home: Path, *decisions: Routed) -> None:
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home) as telemetry:
        text = (Path(__file__).parents[4] / "policies" / "demo.toml").read_text(encoding="utf-8")
        telemetry.record_policy_version("v1", "demo", text, HOSTILE, at=NOW - timedelta(days=3))
        for decision in decisions:
            emit(telemetry.tracer_provider.get_tracer("test"), decision)


def sensitive(number: int, *attempts: Attempt, status: str = "ok", outcome: str = "required") -> Routed:
    rule = "sensitive-stays-local"
    extra = {
        semconv.DATA_CLASS: "sensitive",
        semconv.VERDICTS: json.dumps([{"rule": rule, "outcome": outcome, "models_removed": ["far"]}]),
        semconv.CANDIDATES: json.dumps([{"model": "far", "excluded_by": f"rule:{rule}", "excluded_reason": HOSTILE}]),
    }
    at = NOW - timedelta(minutes=5 + number)
    return Routed(f"{number:032x}", at=at, attempts=attempts, status=status, extra=extra)


def near() -> Attempt:
    return Attempt("near", extra=LOCAL)


def open_compliance(**params: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.switch_page("pages/compliance.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    told = [element.proto.body for element in app.get("html")]
    return "\n".join([*told, *(f"{metric.label}: {metric.value}" for metric in app.metric)])


def listed(app: AppTest) -> dict[str, list[str]]:
    """The list of protected decisions, by columns."""
    return next(table for table in tables_of(app) if "Stayed" in table)


def ids_of(app: AppTest) -> list[str]:
    return names_of(app)[-1]


def test_an_empty_store_says_what_to_do(home: Path) -> None:
    assert "Nothing has been routed yet" in said(open_compliance())


def test_what_stayed_is_counted_listed_and_does_not_alarm(home: Path) -> None:
    keep(
        home,
        Routed("a" * 32, at=NOW - timedelta(minutes=4), attempts=(Attempt("far", extra=CLOUD),)),
        sensitive(1, near()),
        sensitive(2, near()),
        sensitive(3, status="denied", outcome="denied"),
    )
    app = open_compliance()
    told = said(app)
    for number in ("Protected requests: 3", "Stayed local: 100.0 %", "Left for a cloud: 0", "Denied: 1"):
        assert number in told
    assert 'rs-alarm"' not in told
    assert listed(app)["Stayed"] == ["local", "local", "nothing ran"]
    rules = next(table for table in tables_of(app) if "Rule" in table)
    assert rules["Rule"][:2] == ["sensitive-stays-local"] * 2
    assert set(rules["What it did"]) == {"narrowed", "denied", "never fired"}
    denied = sent(app)[0]["links"][rules["What it did"].index("denied")]
    assert "status=denied" in denied
    assert "The first version of this policy that the store knows." in told


def test_protected_data_in_a_cloud_alarms_and_can_be_listed_alone(home: Path) -> None:
    keep(home, sensitive(1, near()), sensitive(2, Attempt("far", outcome="rejected", extra=CLOUD), near()))
    app = open_compliance()
    assert "1 branch about sensitive or regulated data went to a cloud model" in said(app)
    assert '<span class="rs-bad rs-alarm">▲ 1</span>' in said(app)
    assert len(ids_of(app)) == 2
    app.toggle(key="protected-left").set_value(True).run()
    assert listed(app)["Stayed"] == ["▲ left for a cloud"]
    assert listed(open_compliance(left="true"))["Ran on"] == ["far (cloud), near (local)"]


def test_the_list_goes_on_page_by_page_and_back(home: Path) -> None:
    keep(home, *(sensitive(number, near()) for number in range(30)))
    app = open_compliance()
    newest = ids_of(app)
    app.button(key="protected-older").click().run()
    oldest = ids_of(app)
    assert (len(newest), len(oldest), set(newest) & set(oldest)) == (25, 5, set())
    app.button(key="protected-newer").click().run()
    assert ids_of(app) == newest
    assert "is no cursor of a page" in said(open_compliance(after="nonsense"))


def test_what_people_wrote_is_shown_as_text(home: Path) -> None:
    keep(home, sensitive(1, near()))
    app = open_compliance()
    assert "<img src=x" not in said(app)
    assert "&lt;img src=x onerror=alert(1)&gt;" in said(app)


def test_the_file_it_hands_out_is_intact_and_holds_the_period(home: Path, tmp_path: Path) -> None:
    keep(home, sensitive(1, near()), sensitive(2, near()))
    told = said(open_compliance())
    assert "routescope evidence export --since" in told and "it holds every purpose" not in told
    assert "2 decisions beside the 1 request above" in (evidence.others(2, 1) or "")
    path = tmp_path / "e.zip"
    path.write_bytes(evidence.make(Period(NOW - timedelta(days=1), NOW)))
    found = check(path)
    assert found.intact
    assert {one["name"]: one.get("rows") for one in found.manifest["files"]}["decisions.jsonl"] == 2
    st.cache_data.clear()
    assert found.fingerprint in said(open_compliance())
