"""How long a policy lets rows and content be kept."""

from __future__ import annotations

import pytest

from tests.unit.router_core.policy.test_loading import SOUND, loaded, only_fault


def with_telemetry(lines: str) -> str:
    return f"{SOUND}\n[telemetry]\n{lines}\n"


def test_without_a_word_about_it_everything_is_kept_for_ever() -> None:
    kept = loaded(SOUND).policy.telemetry
    assert (kept.keep_days, kept.keep_content_days) == (None, None)


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        ("keep_days = 90\nkeep_content_days = 14", (90, 14)),
        ("keep_days = 90\nkeep_content_days = 90", (90, 90)),
        ("keep_content_days = 14", (None, 14)),
    ],
)
def test_content_may_go_before_its_decision_or_with_it(lines: str, days: tuple[int | None, int]) -> None:
    kept = loaded(with_telemetry(lines)).policy.telemetry
    assert (kept.keep_days, kept.keep_content_days) == days


def test_content_cannot_outlive_its_decision() -> None:
    fault = only_fault(with_telemetry("keep_days = 7\nkeep_content_days = 14"))
    assert fault.key == "telemetry"
    assert fault.problem == "content is to be kept for 14 days, decisions for 7"
    assert fault.remedy.startswith("use keep_content_days = 7 or less")


@pytest.mark.parametrize("days", ["0", "-1", "36501"])
def test_a_number_of_days_has_bounds(days: str) -> None:
    assert only_fault(with_telemetry(f"keep_days = {days}")).key == "telemetry.keep_days"
