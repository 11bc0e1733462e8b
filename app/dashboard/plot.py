"""A chart on the page: drawn, told in words, saved as a file, and a control: a click filters, zooming sets the period.

Streamlit keeps what was selected on a chart under the chart's key, and shows it as selected for as long as the key
lives. A selection here is an order, not a state, so each one that was carried out gives the chart a new key. It also
lets a chart be drawn over or clicked on, not both; so time axes zoom, and names filter.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import plain
from app.dashboard import address, theme
from app.dashboard.chart_rows import rows_of
from app.dashboard.charts.drawing import Drawing
from app.dashboard.view import View, own_range

Pick: TypeAlias = Literal["model", "route", "tenant", "intent", "status", "risk", "data_class"]
"""The filter that a click on a point sets; the point's ``customdata`` begins with its value."""

saved_from: ContextVar[DeltaGenerator | None] = ContextVar("saved_from", default=None)
"""Where the card around a chart has room for the button that saves its numbers."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is a formula to a spreadsheet."""


def draw(figure: go.Figure, *, key: str, alt: str, zoom: View | None = None, pick: Pick | None = None) -> None:
    """Draw a figure of `app.dashboard.charts`.

    Args:
        figure: it.
        key: unique on the page.
        alt: says in words what it shows; the numbers that the chart tells of itself follow.
        zoom: for a chart over time, the page's view: a stretch drawn on the axis becomes the period.
        pick: for any other chart, the filter that a click sets.
    """
    generation = st.session_state.get(_generation(key), 0)
    element = f"{key}-{generation}"
    # Where a chart does not say its modes, Streamlit's page says them a moment later and so has it drawn anew.
    if zoom is not None:
        accent = theme.palette(theme.mode()).accent
        figure.update_layout(
            dragmode="select",
            clickmode="event",
            selectdirection="h",
            newselection={"line": {"color": accent, "width": 1}},
            activeselection={"fillcolor": accent, "opacity": 0.08},
        )
    elif pick is not None:
        figure.update_layout(dragmode="pan", clickmode="event+select")
    config = theme.chart_config(key)
    told = plain.visible(_in_words(alt, figure))
    if zoom is not None or pick is not None:
        st.plotly_chart(
            figure,
            key=element,
            theme=None,
            config=config,
            alt=told,
            on_select=partial(_obey, key, element, zoom, pick),
            selection_mode="points" if zoom is None else "box",
        )
    else:
        st.plotly_chart(figure, key=element, theme=None, config=config, alt=told)
    save(partial(csv_of, figure), key=key)


def _in_words(alt: str, figure: go.Figure) -> str:
    numbers = figure.told if isinstance(figure, Drawing) else ""
    return f"{alt.removesuffix('.')}. {numbers}" if numbers else alt


def save(text: Callable[[], str], *, key: str, what: str = "this chart") -> None:
    """Offer numbers as a CSV file, at the top right of the card around; nothing outside of a card."""
    room = saved_from.get()
    if room is None:
        return
    room.download_button(
        "CSV",
        data=text,
        file_name=f"routescope-{key}.csv",
        mime="text/csv",
        key=f"save-{key}",
        help=f"The numbers of {what} as a CSV file. A picture of a chart: the camera above it, on pointing at it.",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def csv_of(figure: go.Figure) -> str:
    """Every value of a figure, under the names and units of its axes."""
    return written(rows_of(figure))


def written(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV. Text that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text).writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        shown = plain.visible(value.replace("<br>", "; ").replace("<b>", "").replace("</b>", ""))
        return f"'{shown}" if shown.startswith(FORMULA) else shown
    return "" if value is None else value


def _obey(key: str, element: str, zoom: View | None, pick: Pick | None) -> None:
    """Carry out what was selected. A browser sends it, so it is looked at, never trusted."""
    st.session_state[_generation(key)] = st.session_state.get(_generation(key), 0) + 1
    selection = (st.session_state.get(element) or {}).get("selection") or {}
    stretch = _stretch(selection) if zoom is not None else None
    if stretch is not None and zoom is not None:
        short = stretch[1] - stretch[0] <= timedelta(days=2)
        address.put("range", own_range(*stretch, "hour" if short or zoom.period.step == "hour" else "day"))
        return
    value = _picked(selection)
    if pick is not None and value is not None:
        # A second click on the same lets go of it.
        held: object = st.session_state.get(pick)
        address.put(pick, [] if held == [value] else [value])


def _stretch(selection: Any) -> tuple[datetime, datetime] | None:
    try:
        ends = sorted(_moment(one) for one in selection["box"][0]["x"])
        return (ends[0], ends[-1]) if ends[-1] > ends[0] else None
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None


def _moment(said: object) -> datetime:
    found = datetime.fromisoformat(str(said).replace(" ", "T")[:26])
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _picked(selection: Any) -> str | None:
    try:
        value = selection["points"][0]["customdata"][0]
    except (KeyError, IndexError, TypeError):
        return None
    return value if isinstance(value, str) and value else None


def _generation(key: str) -> str:
    return f"generation-{key}"
