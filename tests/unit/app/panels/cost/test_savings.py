"""What was saved, in words."""

from __future__ import annotations

from dataclasses import replace

from app.dashboard import theme
from app.panels.cost.savings import counted, how_sure, interval, taken
from telemetry.query.costs import Waterfall
from telemetry.query.savings import Savings
from telemetry.query.spending import Spending

FALL = Waterfall(
    n=90,
    requests=100,
    baseline_nano=10_000_000_000,
    answers_nano=4_000_000_000,
    dropped_nano=1_000_000_000,
    probes_nano=500_000_000,
    judges_nano=0,
    retries_nano=250_000_000,
    savings_nano=4_250_000_000,
    undivided=0,
)
SAVED = Savings(90, 30, 4_250_000_000, 4_000_000_000, 4_500_000_000, 0.425, 0.4, 0.45)
UNSURE = replace(SAVED, days=3, saved_low_nano=None, saved_high_nano=None, share_low=None, share_high=None)


def test_the_steps_lead_from_the_baseline_to_what_was_saved() -> None:
    steps = taken(FALL, theme.mode())
    assert [step.value for step in steps] == [4, 1, 0.5, 0, 0.25]
    assert 10 - sum(step.value for step in steps) == 4.25


def test_what_is_left_out_is_said_with_its_number() -> None:
    said = counted(FALL, SAVED)
    assert "the 90 requests whose cost and whose baseline are both known; the 10 others" in said[0]
    assert "others" not in counted(replace(FALL, requests=90), SAVED)[0]
    assert not any("older versions" in one for one in said)
    assert any("7 requests of older versions" in one for one in counted(replace(FALL, undivided=7), SAVED))


def test_what_no_model_answered_has_a_line_of_its_own() -> None:
    hits = Spending("cache", None, 12, 0, 0, 0, 1_500_000_000, 1_500_000_000, 12)
    tool = replace(hits, value="calculator", savings_nano=None, savings_n=0)
    said = counted(FALL, SAVED, [hits, tool])
    line = "Of what was saved, $1.50 comes from 12 requests that the cache answered, against their own baselines."
    assert [one for one in said if one.startswith("Of what was saved")] == [line]


def test_the_interval_is_said_with_its_method() -> None:
    assert "95 % interval $4.00 to $4.50" in how_sure(SAVED)
    assert "Cochran 1977" in how_sure(SAVED)
    assert interval(SAVED) == "95 % interval $4.00 to $4.50; n = 90"
    assert interval(SAVED, share=True) == "95 % interval 40.0 % to 45.0 %"


def test_that_there_is_no_interval_is_said_with_the_remedy() -> None:
    assert how_sure(UNSURE) == (
        "No interval: it needs 7 days with such requests, and the period has 3. Choose a longer one."
    )
    assert "no interval below 7 days" in interval(UNSURE)
