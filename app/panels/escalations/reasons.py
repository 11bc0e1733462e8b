"""Why answers were rejected, and what became of it, as far as validators can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, rows, theme
from app.dashboard.components import Cell
from app.dashboard.rows import NAME, Column
from app.dashboard.view import View
from telemetry.query import escalations as query
from telemetry.query.aftermath import ENDINGS, Aftermath, Ending
from telemetry.query.chains import LOOK, SLICE
from telemetry.query.escalations import ValidatorScores
from telemetry.query.scores import RecentScores

SAID: Final[dict[Ending, str]] = {
    "passed": "Passed what had rejected the first",
    "unheard": "Not put to the same check",
    "low": "Too low as well, given all the same",
    "none": "No further answer came",
}


def reasons_card(view: View, recent: RecentScores) -> None:
    """A card of validators by how often they rejected an answer."""
    with cards.card(
        "Reasons",
        "Which validator rejected whose answers, how often. Click a row to see the newest such decision",
        key="reasons",
        help="Rejections: answers that this validator found too low, and that were not given. One answer can be "
        "rejected by several. Failed: of all its scores, those below the threshold in force, answers that were given "
        "for want of a better one included. Counted in the period; a filter on models means those that were scored.",
    ):
        found = [row for row in cache.ask(query.validators, view.filters) if row.passed.n]
        if not found:
            cards.empty(
                "No answer was scored", "Give the route validators in the policy; then this shows what they say."
            )
            return
        chosen = _table(found)
        plot.save(lambda: plot.written(_csv(found)), key="reasons", what="this table")
        if chosen is not None:
            newest = recent.rejected_by.get((chosen.validator, chosen.model))
            if newest is not None:
                navigation.open_decision(newest)
            navigation.open_decisions(path="escalated")


def aftermath_card(recent: RecentScores, requests: int) -> None:
    """A card of what escalations led to. ``requests``: all of the period."""
    with cards.card(
        "Was it needed?",
        "What the validators said of the further answer; whether it was better, an evaluation has to tell",
        key="aftermath",
        help="Of the escalations among the newest decisions. Passed: the further answer passed what had rejected the "
        "first. Not put to the same check: validators that ask other models do not judge the last answer of a plan. "
        "Too low as well: by the same measure the escalation brought nothing, and its cost was for nothing.",
    ):
        components.untrusted(read_from(recent, requests), muted=True)
        if not recent.aftermaths:
            cards.empty("No escalation among them", "Choose a longer period or remove a filter.")
            return
        for row in recent.aftermaths:
            _one(row)
        plot.save(lambda: plot.written(_endings_csv(recent.aftermaths)), key="aftermath", what="this table")


def read_from(recent: RecentScores, requests: int) -> str:
    """Which single decisions were looked at, of how many of the period."""
    if not recent.n:
        return "No decision of the period is kept in full."
    if recent.whole:
        return f"From all {units.plural(recent.n, 'decision')} of the period that are kept."
    if recent.n < SLICE:
        return f"From {units.plural(recent.n, 'decision')}, all that match among the {LOOK:,} newest of the period."
    return (
        f"From the {units.count(recent.n)} newest of {units.plural(requests, 'decision')}, since "
        f"{units.when(recent.since)} UTC, not from the whole period."
    )


def _one(row: Aftermath) -> None:
    swatch = cache.colours(theme.mode()).get(row.model)
    components.table(
        (f"Escalated away from {plain.visible(row.model, NAME)}", "Escalations", "Share", "95 % interval"),
        [
            (
                Cell(SAID[ending], {"passed": "ok", "low": "warn", "none": "bad"}.get(ending, "muted"), swatch),  # type: ignore[arg-type]
                units.count(row.endings[ending].part),
                units.share(row.endings[ending].share),
                f"{units.share(row.endings[ending].low)} to {units.share(row.endings[ending].high)}",
            )
            for ending in ENDINGS
            if row.endings[ending].part
        ],
        numbers=(1, 2, 3),
    )
    components.untrusted(
        f"Rejected answers cost {units.nano_usd(row.rejected_nano)}, what came after them "
        f"{units.nano_usd(row.further_nano)}.",
        muted=True,
    )
    with st.container(horizontal=True):
        for ending in ENDINGS:
            if ending in row.newest:
                navigation.decision_link(row.newest[ending], label=f"Newest: {SAID[ending].lower()}")


def _table(found: Sequence[ValidatorScores]) -> ValidatorScores | None:
    failed = [None if row.passed.share is None else 1 - row.passed.share for row in found]
    columns = [
        Column("Validator", [row.validator for row in found]),
        Column("Of", [row.model for row in found], help="The model or tool whose answers were scored."),
        Column("Kind", [row.kind for row in found]),
        _counts(
            "Rejections", [row.rejections for row in found], "Answers that it found too low, and that were not given."
        ),
        Column(
            "Failed",
            [units.share(part) for part in failed],
            number=True,
            sort=failed,
            shares=failed,
            help="Scores below the threshold in force.",
        ),
        Column(
            "95 % interval",
            [_failed_between(row) for row in found],
            number=True,
            sort=failed,
            help="Wilson's interval of the share that failed.",
        ),
        _counts("Scores", [row.passed.n for row in found], "How often it gave one: n."),
        Column(
            "Median",
            ["none" if row.median is None else units.score(row.median) for row in found],
            number=True,
            sort=[row.median for row in found],
            help="Of the scores, 0 to 1.",
        ),
        _counts("Without a score", [row.unknown for row in found], "Times that it had none to give."),
    ]
    by_name = {str(place): row for place, row in enumerate(found)}
    chosen = rows.draw(columns, key="reasons", names=list(by_name))
    return None if chosen is None else by_name.get(chosen)


def _counts(title: str, numbers: Sequence[int], help: str) -> Column:
    return Column(title, [units.count(one) for one in numbers], number=True, sort=numbers, help=help)


def _failed_between(row: ValidatorScores) -> str:
    if row.passed.low is None or row.passed.high is None:
        return units.UNKNOWN
    return f"{units.share(1 - row.passed.high)} to {units.share(max(1 - row.passed.low, 0.0))}"


def _csv(rows: Sequence[ValidatorScores]) -> list[tuple[object, ...]]:
    head = ("validator", "of", "kind", "rejections", "scores", "failed", "without_score", "median")
    return [
        head,
        *(
            (
                *(row.validator, row.model, row.kind, row.rejections, row.passed.n),
                *(row.passed.n - row.passed.part, row.unknown, row.median),
            )
            for row in rows
        ),
    ]


def _endings_csv(rows: Sequence[Aftermath]) -> list[tuple[object, ...]]:
    return [
        ("escalated_away_from", "ending", "escalations", "of"),
        *((row.model, ending, row.endings[ending].part, row.escalations) for row in rows for ending in ENDINGS),
    ]
