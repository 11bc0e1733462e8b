"""The tables one can click: models and decisions. Cells are drawn on a canvas as plain text; names are made visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from app import plain, units
from app.dashboard import theme
from telemetry.query.decisions import DecisionRow
from telemetry.query.overview import ModelTotals

NAME = 60
"""Characters of a name in a cell."""
REASON = 30
"""Characters of a reason in a cell of `WHY` pixels: a canvas cuts what is longer without a mark."""
WHY = 208
"""Pixels. With the columns before it this fills the page at a width of 1440; a wider page gives it the rest."""


def models(rows: Sequence[ModelTotals], *, key: str) -> str | None:
    """Models and tools with their figures; the name of the row that was clicked."""
    ordered = sorted(rows, key=lambda row: (-(row.cost_nano or 0), -row.branches))
    frame = pd.DataFrame(
        {
            "Model or tool": [plain.visible(row.model, NAME) for row in ordered],
            "Use": [row.kind for row in ordered],
            "Branches": [row.branches for row in ordered],
            "Accepted": [row.accepted / row.branches * 100 if row.branches else None for row in ordered],
            "Failed": [row.failed for row in ordered],
            "Spend": _dollars([row.cost_nano for row in ordered]),
            "Unknown cost": [row.cost_unknown for row in ordered],
            "Input tokens": [row.input_tokens for row in ordered],
            "Output tokens": [row.output_tokens for row in ordered],
            "p50, ms": [_rounded(row.latency_p50_ms) for row in ordered],
            "p95, ms": [_rounded(row.latency_p95_ms) for row in ordered],
            "First token p95, ms": [_rounded(row.ttft_p95_ms) for row in ordered],
        }
    )
    column = st.column_config
    clicked = _table(
        frame,
        key,
        {
            "Model or tool": column.TextColumn(),
            "Use": column.TextColumn(
                help="model: an answer. probe: an extra cheap answer to compare. tool, cache, judge."
            ),
            "Branches": column.NumberColumn(format="localized", help="Attempts, used or not."),
            "Accepted": column.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=100, help="Branches whose answer was the final one."
            ),
            "Failed": column.NumberColumn(format="localized", help="Branches without a complete answer."),
            "Spend": column.NumberColumn(format="$%.4f", help="US dollars, of the branches whose cost is known."),
            "Unknown cost": column.NumberColumn(format="localized", help="Branches whose cost is not known."),
            "Input tokens": column.NumberColumn(format="localized"),
            "Output tokens": column.NumberColumn(format="localized"),
            "p50, ms": column.NumberColumn(format="localized", help="Median latency of the call alone."),
            "p95, ms": column.NumberColumn(format="localized", help="95th percentile of the call's latency."),
            "First token p95, ms": column.NumberColumn(format="localized", help="From the start of the branch."),
        },
    )
    return None if clicked is None else ordered[clicked].model


def decisions(rows: Sequence[DecisionRow], *, key: str) -> str | None:
    """Decisions, a line each; the id of the one that was clicked.

    The server does not know how wide the page is, so the columns come in the order of their worth: what a narrow page
    cuts off is what one misses least, and the table scrolls to it.
    """
    frame = pd.DataFrame(
        {
            "Time (UTC)": [row.ts.replace(tzinfo=None) for row in rows],
            "Went": [_went(row) for row in rows],
            "Cost": [units.nano_usd(row.cost_nano) for row in rows],
            "Status": [row.status for row in rows],
            "Latency": [units.took(row.latency_ms) for row in rows],
            "Score": ["" if row.score is None else units.score(row.score) for row in rows],
            "Saved": [units.nano_usd(row.savings_nano) for row in rows],
            "Intent": [plain.visible(row.intent, NAME) for row in rows],
            "Route": [plain.visible(row.route, NAME) for row in rows],
            "Why": [_why(row) for row in rows],
            "Tenant": [plain.visible(row.tenant, NAME) for row in rows],
            "Purpose": [row.purpose + (", simulated" if row.simulated else "") for row in rows],
            "Decision": [plain.visible(row.decision_id, NAME) for row in rows],
        }
    )
    column = st.column_config
    clicked = _table(
        frame.style.map(_status_colour, subset=["Status"]),
        key,
        {
            "Time (UTC)": column.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=142),
            "Went": column.TextColumn(width=172, help="What was tried first, and what answered. Dashed: a fallback."),
            "Status": column.TextColumn(width=66, help="ok, denied, failed or cancelled."),
            "Intent": column.TextColumn(width=84),
            "Route": column.TextColumn(width=70),
            "Score": column.TextColumn(width=56, alignment="right", help="Final score of the answer given, 0 to 1."),
            "Cost": column.TextColumn(width=98, alignment="right", help="All branches of the request, in US dollars."),
            "Saved": column.TextColumn(width=98, alignment="right", help="Baseline minus cost, in US dollars."),
            "Latency": column.TextColumn(width=72, alignment="right", help="Request in to decision settled."),
            "Why": column.TextColumn(width=WHY),
            # Hidden until the reader asks for them in the table's own menu.
            **dict.fromkeys(("Tenant", "Purpose", "Decision")),
        },
    )
    return None if clicked is None else rows[clicked].decision_id


def _went(row: DecisionRow) -> str:
    first, chosen = plain.visible(row.first or "nothing ran", NAME), plain.visible(row.chosen or "no answer", NAME)
    if row.first == row.chosen:
        return chosen
    return f"{first} {'⇢' if row.fell_back else '→'} {chosen}"


def _status_colour(status: object) -> str:
    """CSS of a cell: what went wrong is seen before it is read."""
    shades = theme.palette(theme.mode())
    colour = {"failed": shades.bad, "denied": shades.warn, "cancelled": shades.warn}.get(str(status))
    return f"color: {colour}" if colour else ""


def _why(row: DecisionRow) -> str:
    """The reason without what another column says."""
    reason, said = row.reason or "", f"{row.chosen} answered" if row.chosen else "No answer"
    if reason.startswith(said):
        reason = reason[len(said) :].lstrip(": ") or reason
    return plain.visible(reason, REASON)


def _rounded(ms: float | None) -> float | None:
    """To whole milliseconds, and to hundredths below ten; None where the clock stood still (`units.took`)."""
    return None if not ms else round(ms) if ms >= 10 else round(ms, 2)


def _dollars(amounts: Sequence[int | None]) -> list[float | None]:
    return [None if amount is None else amount / units.NANO for amount in amounts]


def _table(frame: pd.DataFrame | Styler, key: str, columns: dict[str, Any]) -> int | None:
    event: Any = st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        key=f"table-{key}",
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="unknown",
        height="content",
    )
    cells = event.selection.cells
    return int(cells[0][0]) if cells else None
