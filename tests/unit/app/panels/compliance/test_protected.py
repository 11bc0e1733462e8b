"""The list of sensitive requests, and what it says of each."""

from __future__ import annotations

from datetime import UTC, datetime

from app.panels.compliance.protected import columns
from telemetry.query.sensitive import Excluded, Protected, Ran

HERE, AWAY, UNKNOWN = (
    Ran(name, "model", place, "accepted") for name, place in (("a", "local"), ("b", "cloud"), ("c", None))
)


def protected(*ran: Ran, excluded: tuple[Excluded, ...] = ()) -> Protected:
    return Protected(
        *("d" * 32, datetime(2026, 11, 23, tzinfo=UTC), "sensitive", "chat", "acme", "ok", "a", "v1", "user", False),
        rules=("stays",),
        excluded=excluded,
        ran=ran,
    )


def test_one_branch_in_a_cloud_is_enough_to_have_left() -> None:
    listed = [protected(HERE), protected(HERE, AWAY), protected(HERE, UNKNOWN), protected()]
    assert columns(listed)["Stayed"] == ["local", "▲ left for a cloud", "unknown", "nothing ran"]
    assert columns(listed)["Ran on"][1:] == ["a (local), b (cloud)", "a (local), c (unknown)", "nothing"]


def test_models_that_were_out_for_the_same_reason_are_told_together() -> None:
    out = (
        Excluded("b", "rule:stays", "it is cloud"),
        Excluded("c", "rule:stays", "it is cloud"),
        Excluded("d", "ready", ""),
    )
    assert columns([protected(HERE, excluded=out)])["Kept out, and why"] == ["b, c by stays (it is cloud); d by ready"]


def test_what_is_hostile_is_made_visible() -> None:
    out = (Excluded("\x1b[31m", "rule:\u202e", "x"),)
    assert columns([protected(HERE, excluded=out)])["Kept out, and why"] == ["␛[31m by [U+202E] (x)"]
