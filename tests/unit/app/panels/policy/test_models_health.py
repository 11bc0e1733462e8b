"""The table of how models stand, from what the gateway says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.dashboard.components import Cell
from app.panels.policy.models_health import notes, ready, rows

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def model(name: str = "small", *, is_ready: bool = True, reason: str = "", **place: Any) -> dict[str, Any]:
    stands = {
        "deployment": None,
        "state": "closed",
        "since": (NOW - timedelta(minutes=5)).isoformat(),
        "why": "",
        "retry_in_s": None,
        "calls": 0,
        "failed": 0,
        "in_flight": 0,
        "p50_ms": None,
        "p95_ms": None,
        "ttft_p95_ms": None,
    }
    return {"model": name, "ready": is_ready, "reason": reason, "progress": None, "deployments": [stands | place]}


def texts(document: dict[str, Any]) -> list[list[str]]:
    return [
        [str(cell.text) if isinstance(cell, Cell) else str(cell) for cell in row] for row in rows(document, {}, NOW)
    ]


def test_a_row_tells_state_calls_failures_with_their_interval_and_latencies() -> None:
    document = {"models": [model(calls=20, failed=5, in_flight=2, p50_ms=120.0, p95_ms=900.0)]}
    assert texts(document) == [
        ["small", "yes", "closed", "5 min", "2", "20", "25.0 % (11 % to 47 %)", "120 ms", "900 ms", "unknown"]
    ]


def test_without_calls_no_share_is_made_up() -> None:
    assert texts({"models": [model()]})[0][6] == "no calls"


def test_why_a_model_is_not_called_is_said_once_with_the_time_of_the_next_try() -> None:
    broken = model(is_ready=False, reason="its breaker is open", state="open", why="5 failures in a row", retry_in_s=65)
    assert notes({"models": [broken, model("large")]}) == [
        "its breaker is open; 5 failures in a row; tried again in 1 min",
        "",
    ]


def test_deployments_have_rows_of_their_own() -> None:
    two = model(deployment="eu")
    two["deployments"].append(two["deployments"][0] | {"deployment": "us", "state": "ejected"})
    assert [row[0] for row in texts({"models": [two]})] == ["small, eu", "small, us"]


def test_a_file_on_its_way_says_how_much_is_here() -> None:
    pulling = model(is_ready=False) | {"progress": 0.42}
    assert texts({"models": [pulling]})[0][1] == "42 % here"


def test_what_no_gateway_would_say_breaks_nothing() -> None:
    for odd in ({}, {"models": None}, {"models": [1, {"model": "x", "deployments": 3}]}):
        assert texts(odd) == []
    assert texts({"models": [{"model": "x", "deployments": [{"since": "never", "calls": "many"}]}]})
    assert ready(None) == {}
    assert ready({"models": [model("a"), model("b", is_ready=False)]}) == {"a": True, "b": False}
