"""Names by how much each has."""

from __future__ import annotations

from app import units
from app.dashboard.charts import ranked
from app.dashboard.charts.ranked import Bar


def drawn(*rows: Bar):  # type: ignore[no-untyped-def]
    return ranked.bars(rows, "light", unit="USD", write=units.usd)


def test_an_unknown_value_has_no_bar_and_says_so() -> None:
    bars, texts = drawn(Bar("a", 2.0, "#112233"), Bar("b", None, "#445566")).data
    assert list(bars.x) == [2.0, 0.0]
    assert [text.strip() for text in texts.text] == ["$2.00", "unknown"]


def test_an_interval_is_a_whisker_and_stands_in_the_tooltip() -> None:
    bars, _ = drawn(Bar("a", 2.0, "#112233", low=1.5, high=3.0)).data
    assert (bars.error_x.visible, bars.error_x.array[0], bars.error_x.arrayminus[0]) == (True, 1.0, 0.5)
    assert "95 % interval $1.50 to $3.00" in bars.hovertext[0]
    assert drawn(Bar("a", 2.0, "#112233")).data[0].error_x.visible is False


def test_a_click_on_a_bar_filters_by_its_key_and_without_one_by_its_name() -> None:
    bars, _ = drawn(Bar("small, as a probe", 1.0, "#112233", key="small"), Bar("large", 1.0, "#112233")).data
    assert [row[0] for row in bars.customdata] == ["small", "large"]


def test_a_loss_reaches_left_of_zero() -> None:
    assert drawn(Bar("a", -3.0, "#112233"), Bar("b", 1.0, "#112233")).layout.xaxis.range[0] == -3.0


def test_nothing_to_rank_is_an_empty_chart() -> None:
    assert list(drawn().data[0].x) == []
