"""From a whole down to what is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import units
from app.dashboard.charts.steps import Taken, steps


def drawn(whole: float, *taken: float) -> tuple[Any, ...]:
    parts = [Taken(f"part {number}", value, "#112233") for number, value in enumerate(taken)]
    return steps(("Whole", whole), parts, "Left", "light", unit="USD", write=units.usd).data


def ends(bars: Any) -> list[tuple[float, float]]:
    return [(base, base + length) for base, length in zip(bars.base, bars.x, strict=True)]


def test_each_bar_begins_where_the_one_above_ends_and_the_last_is_what_is_left() -> None:
    bars, _, texts = drawn(10, 4, 1)
    assert ends(bars) == [(0, 10), (6, 10), (5, 6), (0, 5)]
    assert [text.strip() for text in texts.text] == ["$10.00", "-$4.00 (40.0 %)", "-$1.00 (10.0 %)", "$5.00 (50.0 %)"]


def test_what_exceeds_the_whole_is_a_loss_to_the_left_of_zero_in_another_colour() -> None:
    gain, loss = drawn(10, 4)[0], drawn(10, 14)[0]
    assert ends(loss)[-1] == (-4, 0)
    assert gain.marker.color[-1] != loss.marker.color[-1]


def test_a_part_that_takes_nothing_keeps_its_place_and_says_so() -> None:
    bars, _, texts = drawn(10, 0, 4)
    assert ends(bars)[1] == (10, 10)
    assert texts.text[1].strip() == "$0"


def test_a_share_too_small_to_be_said_is_left_out() -> None:
    assert drawn(1000, 0.001)[2].text[1].strip() == "-$0.001"


def test_names_are_text_and_no_markup() -> None:
    figure = steps(("<b>w", 1.0), [Taken("<i>x", 0.5, "#112233", "<u>note")], "l", "dark", unit="u", write=units.usd)
    told = [*figure.layout.yaxis.ticktext, *figure.data[0].hovertext]
    assert not any("<i>" in one or "<u>" in one or "<b>w" in one for one in told)


@given(st.floats(0.01, 1e6), st.lists(st.floats(0, 1e6), max_size=6))
def test_the_steps_add_up_to_the_whole(whole: float, taken: list[float]) -> None:
    found = ends(drawn(whole, *taken)[0])
    low, high = found[-1]
    left = high if high > 0 else low
    assert left + sum(taken) == pytest.approx(whole, abs=1e-3)
