"""Names by what each is made of."""

from __future__ import annotations

from app import units
from app.dashboard.charts import parts
from app.dashboard.charts.parts import Whole

KINDS = (("read", "#112233"), ("written", "#445566"))


def drawn(*wholes: Whole):  # type: ignore[no-untyped-def]
    return parts.bars(wholes, KINDS, "light", unit="tokens", write=units.count)


def test_each_kind_is_a_colour_of_the_stack() -> None:
    read, written, _ = drawn(Whole("a", (3, 4)), Whole("b", (1, 0))).data
    assert (list(read.x), list(written.x)) == ([3, 1], [4, 0])
    assert read.name == "read"


def test_the_end_of_a_bar_says_what_it_is_told_to() -> None:
    texts = drawn(Whole("a", (3, 4), "$5.00 / M")).data[-1]
    assert (texts.x[0], texts.text[0].strip()) == (7, "$5.00 / M")


def test_a_click_gives_the_name_as_it_is_and_what_is_drawn_is_escaped() -> None:
    figure = drawn(Whole("<b>x", (1, 1)))
    assert figure.data[0].customdata[0][0] == "<b>x"
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;x"


def test_no_names_are_an_empty_chart() -> None:
    assert list(drawn().data[0].x) == []
