"""The decisions that have cost most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, rows, tables
from app.dashboard.rows import NAME, Column
from app.dashboard.view import View
from telemetry.query import dearest
from telemetry.query.dearest import ExpensiveDecision

SHOWN: Final = 10


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
            navigation.open_decision(chosen)


def went(row: ExpensiveDecision) -> str:
    """What was tried first, and what answered."""
    first, chosen = plain.visible(row.first or "nothing ran", NAME), plain.visible(row.chosen or "no answer", NAME)
    return chosen if row.first == row.chosen else f"{first} {'⇢' if row.fell_back else '→'} {chosen}"


def _table(found: Sequence[ExpensiveDecision]) -> str | None:
    columns = [
        Column("Time (UTC)", [f"{row.ts:%Y-%m-%d %H:%M:%S}" for row in found], width="least"),
        Column(
            "Went",
            [went(row) for row in found],
            limit=2 * NAME,
            help="What was tried first, and what answered. ⇢: a fallback.",
        ),
        tables.money("Cost", [row.cost_nano for row in found], "All branches of the decision."),
        tables.money(
            "Not used",
            [row.discarded_nano for row in found],
            "Of it, on answers that were not used, probes and judges.",
        ),
        tables.money("Saved", [row.savings_nano for row in found], "Baseline minus cost; below 0: a loss."),
        Column(
            "Branches",
            [units.count(row.branches) for row in found],
            number=True,
            sort=[row.branches for row in found],
            help="Attempts, used or not.",
        ),
        Column(
            "Tokens",
            [_tokens(row) for row in found],
            number=True,
            sort=[
                None
                if (row.input_tokens is None or row.output_tokens is None)
                else row.input_tokens + row.output_tokens
                for row in found
            ],
            help="Input + output, of all branches.",
        ),
        Column("Tenant", [row.tenant for row in found]),
        Column("Route", [row.route for row in found]),
        Column("Intent", [row.intent for row in found]),
        Column("Status", [row.status for row in found]),
    ]
    names = [row.decision_id for row in found]
    return rows.draw(columns, key="dearest", names=names, links=[navigation.decision_url(name) for name in names])


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
