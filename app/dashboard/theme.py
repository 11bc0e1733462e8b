"""Colours and the chart template for both themes, and the few lines of CSS that Streamlit's own theme cannot say.

The page's grounds and fonts are in `.streamlit/config.toml`; the values here must agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import streamlit as st

Mode: TypeAlias = Literal["light", "dark"]

FONT = "Inter, 'Segoe UI', system-ui, -apple-system, sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour that charts use in one theme."""

    ink: str
    muted: str
    grid: str
    ground: str
    hover: str
    """Below what the pointer is on."""
    accent: str
    on_accent: str
    """Text on the accent."""
    neutral: str
    ok: str
    warn: str
    bad: str
    series: tuple[str, ...]
    """For models: each at least 3:1 against the ground, and none taken for ``ok``, ``warn`` or ``bad``. Names stand
    beside them wherever they are used: ten colours are not told apart by everybody."""


LIGHT = Palette(
    ink="#1c1c1f",
    muted="#66666d",
    grid="#e9e8e5",
    ground="#ffffff",
    hover="#f6f5f3",
    accent="#4f51c9",
    on_accent="#ffffff",
    neutral="#8b8b92",
    ok="#22794b",
    warn="#9c5c00",
    bad="#c8372d",
    series=(
        "#2a6fb5",
        "#1d8f9c",
        "#0f6a5b",
        "#c9569a",
        "#6c5b34",
        "#4497c8",
        "#8a4fb0",
        "#858a1c",
        "#7a2b62",
        "#52606d",
    ),
)
DARK = Palette(
    ink="#e8e8e6",
    muted="#9c9da3",
    grid="#24262a",
    ground="#141518",
    hover="#1b1c20",
    accent="#9a9bf2",
    on_accent="#141518",
    neutral="#74767d",
    ok="#55b985",
    warn="#e0a13c",
    bad="#ee6a5f",
    series=(
        "#5b9fe0",
        "#2aa3b0",
        "#7fd8c0",
        "#e884bd",
        "#a39468",
        "#8ccdf0",
        "#b98adb",
        "#c7c54f",
        "#a8508f",
        "#93a1ae",
    ),
)


def mode() -> Mode:
    """The theme that the reader's browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def palette(chosen: Mode) -> Palette:
    """The colours of a theme."""
    return DARK if chosen == "dark" else LIGHT


def layout(chosen: Mode, *, height: int) -> dict[str, Any]:
    """What every chart's layout starts from: thin grid, no frame, tabular labels, one tooltip style."""
    colours = palette(chosen)
    axis = {
        "gridcolor": colours.grid,
        "zeroline": False,
        "linecolor": colours.grid,
        "ticks": "",
        # To look for labels that do not fit takes a fifth of the drawing; `charts.margins` makes them fit.
        "ticklabeloverflow": "allow",
        "autotypenumbers": "strict",
        "tickfont": {"size": 11, "color": colours.muted},
        "title": {"font": {"size": 11, "color": colours.muted}, "standoff": 8},
        "automargin": True,
        "fixedrange": True,
    }
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        # Not transparent: a saved picture of the dark theme would be pale text on nothing.
        "paper_bgcolor": colours.ground,
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colours.ink},
        "hoverlabel": {
            "bgcolor": colours.ground,
            "bordercolor": colours.neutral,
            "font": {"family": FONT, "size": 12, "color": colours.ink},
            "align": "left",
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 11.5, "color": colours.ink},
            "itemclick": "toggle",
            "itemdoubleclick": "toggleothers",
            "traceorder": "normal",
        },
        "xaxis": {**axis, "showgrid": False},
        "yaxis": axis,
        "bargap": 0.22,
        "dragmode": False,
        "hovermode": "closest",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.accent},
    }


def chart_config(name: str) -> dict[str, Any]:
    """Plotly's own settings for one chart: on pointing at it a camera appears, which saves it as ``name.png``."""
    return {
        "displayModeBar": "hover",
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": f"routescope-{name}", "scale": 2},
        "responsive": True,
        "doubleClick": False,
    }


def css(chosen: Mode) -> str:
    """The whole of our CSS. Selectors are Streamlit's test ids and our own keys, never its generated class names."""
    colours = palette(chosen)
    variables = "; ".join(
        f"--rs-{name.replace('_', '-')}: {getattr(colours, name)}"
        for name in ("ink", "muted", "grid", "ground", "accent", "on_accent", "ok", "warn", "bad", "hover")
    )
    return f"<style>\n:root {{ {variables} }}\n{_STYLE.read_text(encoding='utf-8')}</style>"


_STYLE = Path(__file__).parents[1] / "static" / "style.css"
