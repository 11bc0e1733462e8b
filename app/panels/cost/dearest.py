"""The decisions that have cost most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot
from app.dashboard.view import View
from telemetry.query import dearest
from telemetry.query.dearest import ExpensiveDecision

SHOWN: Final = 10
NAME: Final = 60
"""Characters of a name in a cell."""


def draw(view: View) -> None:
    """A card of the dearest decisions; a click on one opens it."""
    with cards.card(
        "Most expensive decisions",
        "The dearest first. Click a row to see why it cost that",
        key="dearest",
        help="All branches of a decision together, used or not; decisions of unknown cost are left out. The dearest of "
        "each day are remembered as they come, so this looks through no decisions.",
    ):
        found = cache.ask(dearest.most_expensive, view.filters, limit=SHOWN)
        if not found.rows:
            components.untrusted("No decision of known cost is in the period.", muted=True)
            return
        chosen = _table(found.rows)
        plot.save(lambda: plot.written(_lines(found.rows)), key="dearest-decisions", what="this table")
        if not found.complete:
            components.untrusted(
                "With these filters there may be others as dear: of each day only the dearest are remembered.",
                muted=True,
            )
        if chosen is not None:
            navigation.open_decision(chosen.decision_id)


def went(row: ExpensiveDecision) -> str:
    """What was tried first, and what answered."""
    first, chosen = plain.visible(row.first or "nothing ran", NAME), plain.visible(row.chosen or "no answer", NAME)
    return chosen if row.first == row.chosen else f"{first} {'⇢' if row.fell_back else '→'} {chosen}"


def _table(rows: Sequence[ExpensiveDecision]) -> ExpensiveDecision | None:
    column = st.column_config
    columns: dict[str, tuple[list[Any], Any]] = {
        "Time (UTC)": (
            [row.ts.replace(tzinfo=None) for row in rows],
            column.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=146),
        ),
        "Went": (
            [went(row) for row in rows],
            column.TextColumn(help="What was tried first, and what answered. Dashed: a fallback."),
        ),
        "Cost": ([units.nano_usd(row.cost_nano) for row in rows], _money("All branches of the decision.")),
        "Not used": (
            [units.nano_usd(row.discarded_nano) for row in rows],
            _money("Of it, on answers that were not used, probes and judges."),
        ),
        "Saved": ([units.nano_usd(row.savings_nano) for row in rows], _money("Baseline minus cost; below 0: a loss.")),
        "Branches": ([row.branches for row in rows], column.NumberColumn(width=70, help="Attempts, used or not.")),
        "Tokens": (
            [_tokens(row) for row in rows],
            column.TextColumn(alignment="right", help="Input + output, of all branches."),
        ),
        "Tenant": ([plain.visible(row.tenant, NAME) for row in rows], column.TextColumn()),
        "Route": ([plain.visible(row.route, NAME) for row in rows], column.TextColumn()),
        "Intent": ([plain.visible(row.intent, NAME) for row in rows], column.TextColumn()),
        "Status": ([row.status for row in rows], column.TextColumn(width=66)),
        # Hidden until the reader asks for it in the table's own menu.
        "Decision": ([plain.visible(row.decision_id, NAME) for row in rows], None),
    }
    event: Any = st.dataframe(
        pd.DataFrame({name: values for name, (values, _) in columns.items()}),
        hide_index=True,
        column_config={name: shown for name, (_, shown) in columns.items()},
        key="table-dearest",
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="unknown",
        height="content",
    )
    cells = event.selection.cells
    return rows[int(cells[0][0])] if cells and int(cells[0][0]) < len(rows) else None


def _money(help: str) -> Any:
    return st.column_config.TextColumn(width=86, alignment="right", help=help)


def _tokens(row: ExpensiveDecision) -> str:
    if row.input_tokens is None or row.output_tokens is None:
        return units.UNKNOWN
    return f"{units.count(row.input_tokens)} + {units.count(row.output_tokens)}"


def _lines(rows: Sequence[ExpensiveDecision]) -> list[Sequence[object]]:
    head = (
        "decision_id",
        "ts",
        "cost_nano_usd",
        "not_used_nano_usd",
        "baseline_nano_usd",
        "saved_nano_usd",
        "branches",
    )
    return [
        (*head, "first", "chosen", "tenant", "route", "intent", "status", "simulated"),
        *(
            (
                row.decision_id,
                row.ts,
                row.cost_nano,
                row.discarded_nano,
                row.baseline_nano,
                row.savings_nano,
                row.branches,
                row.first,
                row.chosen,
                row.tenant,
                row.route,
                row.intent,
                row.status,
                row.simulated,
            )
            for row in rows
        ),
    ]
