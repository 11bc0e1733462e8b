"""What the gateway says of itself."""

from __future__ import annotations

from app.dashboard.components import Cell
from app.panels.pipeline.gateway import facts

HEALTH = {
    "policy": "demo",
    "policy_version": "a" * 64,
    "policy_loaded_at": "2026-03-02T09:30:00+00:00",
    "policy_refused": None,
    "telemetry": {"queued": 0, "committed": 6, "spooled": 0, "spool_waiting": 0, "not_durable": 0, "abandoned": 0},
}


def test_a_gateway_that_is_well_says_what_it_keeps() -> None:
    told = dict(facts(HEALTH))
    assert told["Policy"] == "demo, aaaaaaaaaaaa"
    assert (told["Loaded"], told["Written at once"]) == ("2026-03-02 09:30:00 UTC", "6")
    assert (told["Dropped"], told["Database"]) == (Cell("0", "ok"), Cell("takes all", "ok"))


def test_what_was_dropped_and_why_is_bad() -> None:
    trouble = {**HEALTH["telemetry"], "not_durable": 2, "abandoned": 1, "last_error": "disk full"}  # type: ignore[dict-item]
    told = dict(facts({**HEALTH, "telemetry": trouble}))
    assert (told["Dropped"], told["Database"]) == (Cell("3", "bad"), Cell("disk full", "bad"))


def test_an_older_gateway_leaves_unknown_what_it_does_not_say() -> None:
    told = dict(facts({"telemetry": {"queued": "many"}, "policy_loaded_at": "soon"}))
    assert told["Dropped"] == Cell("unknown", "muted")
    assert (told["In memory"], told["Loaded"], told["On the spool now"]) == ("unknown", "unknown", "unknown")
    assert dict(facts({"telemetry": None}))["Spooled"] == "unknown"
