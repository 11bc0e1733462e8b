"""Every value of a dimension with what it has cost, as a table; a click on one opens its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import plain, units
from app.dashboard import cards, navigation, plot
from app.dashboard.view import View
from app.panels.cost.spending import DEFINITION, FILTER, MOST, NAMELESS, Choice, dollars, each, nothing, per_1k, rows_of
from telemetry.query.spending import Spending


def draw(view: View, choice: Choice) -> None:
    """A card of all values with their figures; a click on one opens its decisions."""
    with cards.card(
        f"Every {choice.by}",
        f"n counts {choice.counted}. Click a row to see {_behind(choice)}",
        key="spend-table",
        help=DEFINITION[choice.by],
    ):
        rows = rows_of(view, choice)
        if not rows:
            nothing(choice)
            return
        picked = _frame(rows, choice)
        plot.save(lambda: plot.written(_lines(rows, choice)), key=f"spend-of-{choice.by}", what="this table")
        if picked is not None and picked.value:
            navigation.open_decisions(**{FILTER[choice.by]: picked.value})


def _behind(choice: Choice) -> str:
    return "the decisions that it answered" if choice.by in ("model", "tool") else "its decisions"


def share(row: Spending, rows: Sequence[Spending]) -> float | None:
    """Of all that is known to be spent; None when nothing is."""
    whole = sum(one.cost_nano or 0 for one in rows)
    return None if row.cost_nano is None or not whole else row.cost_nano / whole


def unused_share(row: Spending) -> float | None:
    """Of its spend, what went to answers that were not used; None where unknown costs make it more than all."""
    if not row.cost_nano or row.discarded_nano is None or row.discarded_nano > row.cost_nano:
        return None
    return row.discarded_nano / row.cost_nano


def _frame(rows: Sequence[Spending], choice: Choice) -> Spending | None:
    one, column = choice.each, st.column_config
    columns: dict[str, tuple[list[Any], Any]] = {
        choice.by.title(): ([plain.visible(row.value or NAMELESS, 60) for row in rows], column.TextColumn()),
        "n": (
            [row.n for row in rows],
            column.NumberColumn(format="localized", help=f"{choice.counted.title()} of the period."),
        ),
        "Spend": ([units.nano_usd(row.cost_nano) for row in rows], _money("Of those whose cost is known.")),
        "Share": (
            [_percent(share(row, rows)) for row in rows],
            column.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, help="Of all known spend."),
        ),
        f"Per {one}": ([units.usd(each(row)) for row in rows], _money(f"Spend by {choice.counted} of known cost.")),
        "Per 1k": ([units.usd(per_1k(row)) for row in rows], _money(f"The same for 1,000 {choice.counted}.")),
        "Not used": (
            [_percent(unused_share(row)) for row in rows],
            column.NumberColumn(
                format="%.1f %%",
                help="Share of the spend that went to rejected, failed and compared answers, probes and judges.",
            ),
        ),
        "Unknown cost": (
            [row.cost_unknown for row in rows],
            column.NumberColumn(format="localized", help=f"{choice.counted.title()} whose cost is not known."),
        ),
    }
    if choice.by != "model":
        columns["Saved"] = (
            [units.nano_usd(row.savings_nano) for row in rows],
            _money("Baseline minus spend, where both are known."),
        )
    event: Any = st.dataframe(
        pd.DataFrame({name: values for name, (values, _) in columns.items()}),
        hide_index=True,
        column_config={name: shown for name, (_, shown) in columns.items()},
        key=f"table-spend-{choice.by}",
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="unknown",
        height="content" if len(rows) <= MOST else 420,
    )
    cells = event.selection.cells
    return rows[int(cells[0][0])] if cells and int(cells[0][0]) < len(rows) else None


def _money(help: str) -> Any:
    return st.column_config.TextColumn(alignment="right", help=help)


def _lines(rows: Sequence[Spending], choice: Choice) -> list[Sequence[object]]:
    head = (choice.by, choice.counted, "usd", "usd_not_used", "cost_unknown", "usd_saved", "n_saved")
    return [
        head,
        *(
            (
                row.value,
                row.n,
                dollars(row.cost_nano),
                dollars(row.discarded_nano),
                row.cost_unknown,
                dollars(row.savings_nano),
                row.savings_n,
            )
            for row in rows
        ),
    ]


def _percent(part: float | None) -> float | None:
    return None if part is None else part * 100
