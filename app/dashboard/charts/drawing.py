"""A chart as it is put together, and sent to the browser as it stands.

Plotly's own figure checks and copies every value as it is given, and again when it is sent: of the time that a page of
eight charts took, two thirds went there. A drawing only writes down what it is told. Who reads it by `data` and
`layout` gets a figure that Plotly has checked, as all tests of charts do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

import plotly.graph_objects as go

from app.dashboard.charts import brief, margins

FROM_START: Final = "from_start_s"
"""Key of a trace's ``meta``: the seconds by which its moments lie after the start of the step that they stand for."""
_AXIS: Final = re.compile(r"[xy]axis\d*")


def in_the_middle(step: timedelta) -> dict[str, float]:
    """The ``meta`` of a trace that draws each step at its middle, so that a file of its numbers can name the start."""
    return {FROM_START: step.total_seconds() / 2}


class Drawing(go.Figure):  # type: ignore[misc]  # Plotly is not typed.
    """What Streamlit takes for a figure. ``None`` is the same as not saying it, as with Plotly."""

    def __init__(self, looks: Mapping[str, Any]) -> None:
        """``looks``: the layout to begin with."""
        # Not the figure's own beginning, which would make the objects that this one does without.
        self._traces: list[dict[str, Any]] = []
        self._looks = dict(looks)
        self._told = ""

    @property
    def told(self) -> str:
        """What the chart shows, in words with its numbers; empty where it has none."""
        return self._told

    @told.setter
    def told(self, words: str) -> None:
        self._told = words

    @property
    def traces(self) -> list[dict[str, Any]]:
        """As they were added; from the back to the front."""
        return self._traces

    @property
    def looks(self) -> dict[str, Any]:
        """The layout as it was told."""
        return self._looks

    @property
    def data(self) -> Any:
        """The traces, checked by Plotly."""
        return self.checked().data

    @property
    def layout(self) -> Any:
        """The layout, checked by Plotly."""
        return self.checked().layout

    def checked(self) -> go.Figure:
        """The same as Plotly's own figure.

        Raises:
            ValueError: Plotly does not know a part of it.
        """
        return go.Figure(self._traces, self._looks)

    def to_dict(self) -> dict[str, Any]:
        """What is sent to the browser.

        Streamlit's page hands every chart to Plotly twice. The mark of what is drawn says that nothing is new the
        second time, and saves drawing it again; it is another one as soon as anything of the traces is. There is no
        template for the same reason: to Plotly two copies of one are two templates.
        """
        mark = blake2b(repr(self._traces).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        said = {"margin": margins.of(self._looks, self._traces), "datarevision": mark}
        return {"data": [brief.trace(one) for one in self._traces], "layout": {**self._looks, **said}}

    def add_bar(self, **values: Any) -> None:
        """Bars; see Plotly's reference for ``values``."""
        self._add("bar", values)

    def add_scatter(self, **values: Any) -> None:
        """Points and lines."""
        self._add("scatter", values)

    def add_heatmap(self, **values: Any) -> None:
        """Coloured squares."""
        self._add("heatmap", values)

    def add_sankey(self, **values: Any) -> None:
        """A flow."""
        self._add("sankey", values)

    def add_annotation(self, **values: Any) -> None:
        """A text at a place."""
        self._looks["annotations"] = [*self._looks.get("annotations", ()), _said(values)]

    def add_shape(self, **values: Any) -> None:
        """A line or a rectangle at a place."""
        self._looks["shapes"] = [*self._looks.get("shapes", ()), _said(values)]

    def update_layout(self, **values: Any) -> None:
        """Say more of the layout, or something else."""
        self._looks = merged(self._looks, values)

    def update_xaxes(self, **values: Any) -> None:
        """Of every horizontal axis that there is so far."""
        self._update_axes("x", values)

    def update_yaxes(self, **values: Any) -> None:
        """Of every vertical axis that there is so far."""
        self._update_axes("y", values)

    def _add(self, kind: str, values: Mapping[str, Any]) -> None:
        self._traces.append({"type": kind, **_said(values)})

    def _update_axes(self, letter: str, values: Mapping[str, Any]) -> None:
        for name in self._looks:
            if name.startswith(letter) and _AXIS.fullmatch(name):
                self._looks[name] = merged(self._looks[name], values)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """What both say, at every level; where both say something else, what ``above`` says."""
    whole = dict(below)
    for name, value in above.items():
        old = whole.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            whole[name] = merged(old, value)
        elif value is not None:
            whole[name] = value
        else:
            whole.pop(name, None)
    return whole


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
