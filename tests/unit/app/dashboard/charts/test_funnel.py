"""How far requests had to go."""

from __future__ import annotations

from app.dashboard.charts.funnel import funnel, step_name
from telemetry.query.funnel import Stage
from telemetry.query.proportion import Proportion

TOOL = Stage("tool", "", 40, Proportion.of(30, 40), 10, 0, 0, 0, 0)
SMALL = Stage("model", "<b>small</b>", 60, Proportion.of(50, 60), 7, 5, 2, 6_000_000, 0)


def test_what_is_answered_and_what_goes_on_add_up_to_what_was_tried() -> None:
    _, answered, low, failed = funnel(100, [TOOL, SMALL], "light").data
    assert [list(part.x) for part in (answered, low, failed)] == [[0, 30, 50], [0, 10, 7], [0, 0, 3]]


def test_each_step_says_its_share_and_what_it_cost() -> None:
    told = [note.text for note in funnel(100, [TOOL, SMALL], "light").layout.annotations]
    assert told == [
        "100",
        "40 (40.0 %); 75.0 % answered here; no cost",
        "60 (60.0 %); 83.3 % answered here; $0.006, $0.0001 each",
    ]


def test_an_unknown_cost_is_a_word() -> None:
    unknown = Stage("model", "", 1, Proportion.of(1, 1), 0, 0, 0, None, 1)
    drawn = funnel(1, [unknown], "dark")
    assert "unknown, unknown each" in drawn.layout.annotations[1].text
    assert step_name(unknown) == "models"


def test_a_tier_is_text() -> None:
    assert funnel(1, [SMALL], "light").layout.yaxis.ticktext[1] == "&lt;b&gt;small&lt;/b&gt;"
