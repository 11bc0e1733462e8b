"""A chart's numbers as a file, and what a selection on it does."""

from __future__ import annotations

from datetime import UTC, datetime

import plotly.graph_objects as go
import pytest
import streamlit as st

from app import units
from app.dashboard import plot
from app.dashboard.charts import flow, ranked
from app.dashboard.charts.ranked import Bar
from app.dashboard.view import View, period
from telemetry.query.filters import Filters
from telemetry.query.overview import Flow

NOW = datetime(2026, 3, 3, 14, 25, tzinfo=UTC)
VIEW = View(period("30d", NOW), Filters())


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_files_rows_are_what_the_bars_say() -> None:
    drawn = ranked.bars(
        [Bar("small", 1.5, "#112233"), Bar("large", None, "#112233")], "light", unit="USD", write=units.usd
    )
    assert plot.csv_of(drawn).splitlines() == [
        "series,USD,y,told",
        ",1.5,small,small; $1.50",
        ",0.0,large,large; unknown",
    ]


def test_a_flows_rows_are_its_links() -> None:
    drawn = flow.flow_chart([Flow("code", "small", "large", 3)], "light", {})
    assert plot.csv_of(drawn).splitlines() == ["series,from,to,value", "flow,code,small,3", "flow,small,large,3"]


def test_a_heat_maps_rows_are_its_squares() -> None:
    drawn = go.Figure(go.Heatmap(x=["a", "b"], y=["p"], z=[[1, None]]))
    assert plot.csv_of(drawn).splitlines() == ["series,x,y,value", ",a,p,1", ",b,p,"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_a_name_that_a_spreadsheet_would_run_is_defused(formula: str) -> None:
    assert plot.written([(formula,)]).startswith(("'", "\"'"))


def test_what_cannot_be_seen_is_spelled_out_in_a_file() -> None:
    assert "[U+202E]" in plot.written([("a\u202eb",)])


def test_a_stretch_drawn_on_the_axis_becomes_the_period(session: dict[str, object]) -> None:
    session["c-0"] = {"selection": {"box": [{"x": ["2026-02-10 06:00", "2026-02-14 20:30:00.123456"]}], "points": []}}
    plot._obey("c", "c-0", VIEW, None)
    assert session["range"] == "2026-02-10..2026-02-14"
    assert session["generation-c"] == 1


def test_a_short_stretch_is_counted_in_hours(session: dict[str, object]) -> None:
    session["c-0"] = {"selection": {"box": [{"x": ["2026-02-10 06:10", "2026-02-10 20:30"]}]}}
    plot._obey("c", "c-0", VIEW, None)
    assert session["range"] == "2026-02-10T06..2026-02-10T21"


def test_a_click_filters_and_a_second_one_lets_go(session: dict[str, object]) -> None:
    session["c-0"] = session["c-1"] = {"selection": {"points": [{"customdata": ["small"]}]}}
    plot._obey("c", "c-0", None, "model")
    assert session["model"] == ["small"]
    plot._obey("c", "c-1", None, "model")
    assert session["model"] == []


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"selection": None},
        {"selection": {"box": [], "points": []}},
        {"selection": {"box": [{"x": ["nonsense", "more"]}]}},
        {"selection": {"box": [{"x": ["2026-02-10", "2026-02-10"]}]}},
        {"selection": {"points": [{"customdata": [{"a": 1}]}]}},
        {"selection": {"points": [{"customdata": 5}]}},
    ],
)
def test_a_selection_that_says_nothing_changes_nothing(session: dict[str, object], sent: object) -> None:
    session["c-0"] = sent
    plot._obey("c", "c-0", VIEW, None)
    plot._obey("c", "c-0", None, "model")
    assert {"range", "model"}.isdisjoint(session)
