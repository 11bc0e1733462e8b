"""The tables of models and of decisions. A row leads to what it is made of; names are made visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from app import plain, units
from app.dashboard import navigation, rows
from app.dashboard.components import OUTCOME_TONE
from app.dashboard.rows import NAME, Column
from telemetry.query.decisions import DecisionRow
from telemetry.query.overview import ModelTotals

REASON: Final = 120
"""Characters of a reason; a cell shows as many of them as it has room for."""


def models(found: Sequence[ModelTotals], colours: Mapping[str, str], *, key: str) -> str | None:
    """Models and tools with their figures and colours; the name of the row that was clicked."""
    ordered = sorted(found, key=lambda row: (-(row.cost_nano or 0), -row.branches))
    accepted = [row.accepted / row.branches if row.branches else None for row in ordered]
    columns = [
        Column(
            "Model or tool",
            [row.model for row in ordered],
            swatches=[colours.get(row.model) for row in ordered],
            help="Click a row to see its decisions.",
        ),
        Column(
            "Use",
            [row.kind for row in ordered],
            help="model: an answer. probe: an extra cheap answer to compare. tool, cache, judge.",
        ),
        counts("Branches", [row.branches for row in ordered], "Attempts, used or not."),
        Column(
            "Accepted",
            [units.share(part) for part in accepted],
            number=True,
            sort=accepted,
            shares=accepted,
            help="Share of the branches whose answer was the final one.",
        ),
        counts("Failed", [row.failed for row in ordered], "Branches without a complete answer."),
        money("Spend", [row.cost_nano for row in ordered], "US dollars, of the branches whose cost is known."),
        durations("p50", [row.latency_p50_ms for row in ordered], "Median latency of the call alone."),
        durations("p95", [row.latency_p95_ms for row in ordered], "95th percentile of the call's latency."),
        durations(
            "First token p95", [row.ttft_p95_ms for row in ordered], "95th percentile, from the start of the branch."
        ),
        counts(
            "Tokens in",
            [row.input_tokens for row in ordered],
            "Input tokens, as the provider counted them.",
            spare=True,
        ),
        counts(
            "Tokens out", [row.output_tokens for row in ordered], "Output tokens, as the provider counted.", spare=True
        ),
    ]
    if any(row.cost_unknown for row in ordered):
        unknown = [row.cost_unknown for row in ordered]
        columns.append(counts("Unknown cost", unknown, "Branches whose cost is not known."))
    links = [navigation.decisions_url(model=row.model) for row in ordered]
    # A model has a row for each use, and the rows of one model lead to the same decisions.
    return rows.draw(columns, key=key, names=[row.model for row in ordered], links=links)


def decisions(found: Sequence[DecisionRow], *, key: str) -> str | None:
    """Decisions, a line each; the id of the one that was clicked.

    The server does not know how wide the page is, so the columns come in the order of their worth, and a narrow page
    leaves out the last ones, which the decision says too.
    """
    columns = [
        Column("Time (UTC)", [f"{row.ts:%Y-%m-%d %H:%M:%S}" for row in found], width="least"),
        Column(
            "Went",
            [_went(row) for row in found],
            limit=2 * NAME,
            help="What was tried first, and what answered. ⇢: a fallback.",
        ),
        money("Cost", [row.cost_nano for row in found], "All branches of the request, in US dollars."),
        Column(
            "Status",
            [row.status for row in found],
            tones=[None if row.status == "ok" else OUTCOME_TONE.get(row.status) for row in found],
            help="ok, denied, failed or cancelled.",
        ),
        durations("Latency", [row.latency_ms for row in found], "Request in to decision settled."),
        Column(
            "Score",
            ["" if row.score is None else units.score(row.score) for row in found],
            number=True,
            sort=[row.score for row in found],
            help="Final score of the answer given, 0 to 1.",
        ),
        money("Saved", [row.savings_nano for row in found], "Baseline minus cost, in US dollars."),
        Column("Intent", [row.intent for row in found], spare=True),
        Column("Route", [row.route for row in found], spare="soon"),
        Column("Tenant", [row.tenant for row in found], spare="soon"),
    ]
    if any(row.simulated or row.purpose != "user" for row in found):
        purposes = [row.purpose + (", simulated" if row.simulated else "") for row in found]
        columns.append(
            Column("Purpose", purposes, spare="first", help="Who made the request, and whether it is demo traffic.")
        )
    columns.append(Column("Why", [_why(row) for row in found], width="most", limit=REASON, spare=True))
    names = [row.decision_id for row in found]
    return rows.draw(columns, key=key, names=names, links=[navigation.decision_url(name) for name in names])


def counts(title: str, values: Sequence[int | None], help: str, *, spare: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(title, [units.count(one) for one in values], number=True, sort=values, help=help, spare=spare)


def durations(title: str, values: Sequence[float | None], help: str) -> Column:
    """A column of times that were taken, in milliseconds."""
    return Column(title, [units.took(one) for one in values], number=True, sort=values, help=help)


def money(title: str, amounts: Sequence[int | None], help: str) -> Column:
    """A column of amounts in nano-USD."""
    return Column(title, [units.nano_usd(one) for one in amounts], number=True, sort=amounts, help=help)


def _went(row: DecisionRow) -> str:
    first, chosen = plain.visible(row.first or "nothing ran", NAME), plain.visible(row.chosen or "no answer", NAME)
    if row.first == row.chosen:
        return chosen
    return f"{first} {'⇢' if row.fell_back else '→'} {chosen}"


def _why(row: DecisionRow) -> str:
    """The reason without what another column says."""
    reason, said = row.reason or "", f"{row.chosen} answered" if row.chosen else "No answer"
    if reason.startswith(said):
        reason = reason[len(said) :].lstrip(": ") or reason
    return reason
