"""What a drawing sends is what Plotly's own figure would send, and a mark of what is drawn."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing, merged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def drawn() -> Drawing:
    made = Drawing(theme.layout("light", height=200))
    made.add_bar(x=[NOON], y=[1.5], name="a", marker={"color": "#112233"}, text=None)
    made.add_scatter(x=[NOON], y=[None], yaxis="y2")
    made.add_annotation(x=0, y=0, text="here")
    made.add_shape(type="line", x0=0, x1=1, y0=0, y1=1, line={"width": 1})
    made.update_layout(yaxis2={"overlaying": "y"}, showlegend=True)
    made.update_yaxes(title={"text": "USD"})
    made.update_xaxes(type="date")
    return made


def test_it_sends_what_plotlys_own_figure_would_send() -> None:
    own = go.Figure(layout=theme.layout("light", height=200))
    own.add_bar(x=[NOON], y=[1.5], name="a", marker={"color": "#112233"}, text=None)
    own.add_scatter(x=[NOON], y=[None], yaxis="y2")
    own.add_annotation(x=0, y=0, text="here")
    own.add_shape(type="line", x0=0, x1=1, y0=0, y1=1, line={"width": 1})
    own.update_layout(yaxis2={"overlaying": "y"}, showlegend=True)
    own.update_yaxes(title={"text": "USD"})
    own.update_xaxes(type="date")
    sent, expected = (json.loads(pio.to_json(one, validate=False)) for one in (drawn(), own))
    del expected["layout"]["template"], expected["layout"]["margin"]
    del sent["layout"]["datarevision"], sent["layout"]["margin"]
    assert sent == expected


def test_the_mark_changes_with_what_is_drawn_and_with_nothing_else() -> None:
    same, other = drawn(), drawn()
    other.add_bar(x=[NOON], y=[2.5])
    first, second, third = (one.to_dict()["layout"]["datarevision"] for one in (drawn(), same, other))
    assert first == second != third


def test_who_reads_it_is_given_what_plotly_has_checked() -> None:
    made = drawn()
    assert made.data[0].marker.color == "#112233" and made.layout.yaxis2.title.text == "USD"
    made.update_layout(no_such_thing=1)
    with pytest.raises(ValueError, match="no_such_thing"):
        _ = made.layout


def test_none_takes_a_word_back() -> None:
    assert merged({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}) == {"a": {"c": 2, "d": 3}}
