"""Colours stay and stand out, and no label is taken for markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import units
from app.dashboard import theme
from app.dashboard.charts import flow, over_time, ranked, style, waterfall
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.ranked import Bar
from app.dashboard.theme import Mode
from telemetry.query.decision import SpanView
from telemetry.query.overview import Flow
from tests.contrast import ratio

DAY = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = '<a href="javascript:alert(1)">m</a>'


@given(st.lists(st.text(), unique=True, max_size=10), st.randoms())
def test_up_to_ten_models_have_colours_of_their_own_whatever_their_order(names: list[str], random) -> None:  # type: ignore[no-untyped-def]
    colours = style.model_colours(names, "dark")
    shuffled = list(names)
    random.shuffle(shuffled)
    assert style.model_colours(shuffled, "dark") == colours
    assert len(set(colours.values())) == len(names)


def test_a_model_has_the_same_place_in_both_themes() -> None:
    names = ["small", "large", "calculator"]
    light, dark = style.model_colours(names, "light"), style.model_colours(names, "dark")
    for name in names:
        assert theme.LIGHT.series.index(light[name]) == theme.DARK.series.index(dark[name])


def test_the_eleventh_model_still_has_a_colour() -> None:
    assert len(style.model_colours([f"model-{n}" for n in range(25)], "light")) == 25


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_of_a_model_stands_out_from_the_ground(mode: Mode) -> None:
    colours = theme.palette(mode)
    for colour in colours.series:
        assert ratio(colour, colours.ground) >= 3, colour


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_its_ground(mode: Mode) -> None:
    colours = theme.palette(mode)
    assert ratio(colours.ink, colours.ground) >= 7
    assert ratio(colours.muted, colours.ground) >= 4.5


def test_no_chart_takes_a_name_for_markup() -> None:
    bars = over_time.bars([Series(HOSTILE, [(DAY, 1.0)], "#112233")], "light", step="day", unit="USD", write=units.usd)
    stream = flow.flow_chart([Flow(HOSTILE, HOSTILE, HOSTILE, 3)], "light", {})
    span = SpanView("1", None, f"branch {HOSTILE}", 0.0, 5.0, 1, "unset", {"error_type": HOSTILE})
    fall = waterfall.waterfall([span], "light", {})
    ranks = ranked.bars(
        [Bar(HOSTILE, 1.0, "#112233", note=HOSTILE, key="never drawn")], "light", unit="USD", write=units.usd
    )
    for drawn in (bars, stream, fall, ranks):
        assert "<a" not in drawn.to_json().replace("\\u003c", "<")
