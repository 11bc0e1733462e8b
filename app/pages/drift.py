"""Drift: which models changed in which week, in what, by how much, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import streamlit as st

from app import drift_words, plain, units
from app.dashboard import cache, cards, components, idle_filters, navigation, plot, theme
from app.panels.drift import happenings, square, weeks
from app.panels.drift.square import AGAINST_SAID, Square
from telemetry.drift.baseline import lost_weeks
from telemetry.errors import StorageError
from telemetry.query import drift
from telemetry.query.drift import Against, DriftCell, DriftRunRecord, Purpose

PURPOSES: Final[dict[Purpose, str]] = {"user": "requests", "canary": "canaries"}


def show() -> None:
    """The page."""
    components.page_header("Drift", "Each model's week against weeks before it: what moved, by how much, and why")
    idle_filters.draw("It compares whole weeks of each model, over all requests of users, or canaries.")
    with cards.errors_shown("drift"):
        last = cache.ask(drift.last_run)
        of_purpose = {purpose: cache.ask(drift.heatmap, purpose=purpose) for purpose in PURPOSES}
        if not any(of_purpose.values()):
            _nothing(last)
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            purpose = _purpose(of_purpose)
            simulated = _simulated(of_purpose[purpose])
            against = _against()
        cells = (
            of_purpose[purpose] if against == "trailing" else cache.ask(drift.heatmap, against=against, purpose=purpose)
        )
        shown = [cell for cell in cells if cell.simulated == simulated]
        if not shown:
            components.untrusted(_no_reference(against))
            return
        components.paragraphs([weeks.week_in_words(shown)])
        if against == "baseline":
            for model, week in cache.ask(lost_weeks).items():
                components.notice(drift_words.lost(model, week))
        if simulated:
            components.notice("Simulated: this is demo traffic. Remove it with `routescope demo --clear`.")
        if purpose == "canary":
            components.notice("Canaries: the same prompts every week, counted in no other number.", tone="muted")
        chosen = _heat_map(shown, last)
        if chosen is not None:
            _square(Square(chosen, against, purpose))


def _nothing(last: DriftRunRecord | None) -> None:
    with cards.card("Nothing to compare yet", "Drift compares weeks that have enough requests", key="empty"):
        if last is None:
            components.untrusted(
                "No drift run has been made. Make one with: routescope drift run --all\n"
                "To see the page at work first, write simulated history with: routescope demo --weeks 8"
            )
        else:
            components.untrusted(
                f"The last run, {units.when(last.finished)} UTC, found no week to compare. "
                "After a week of requests, run: routescope drift run --all"
            )
        navigation.link_to(navigation.PLAYGROUND)


def _purpose(of_purpose: dict[Purpose, list[DriftCell]]) -> Purpose:
    """Users' requests, or canaries where there are any."""
    there = [purpose for purpose, cells in of_purpose.items() if cells]
    if len(there) == 1:
        return there[0]
    picked = st.segmented_control(
        "Of", list(PURPOSES.values()), default=PURPOSES["user"], required=True, key="of", bind="query-params"
    )
    return next(purpose for purpose, said in PURPOSES.items() if said == picked)


def _simulated(cells: Sequence[DriftCell]) -> bool:
    """Of which kind of traffic; a choice is offered when there are both."""
    kinds = sorted({cell.simulated for cell in cells})
    if len(kinds) == 1:
        return kinds[0]
    picked = st.segmented_control(
        "Traffic", ["real", "simulated"], default="real", required=True, key="traffic", bind="query-params"
    )
    return picked == "simulated"


def _against() -> Against:
    said = {"trailing": "4 weeks before", "previous": "week before", "baseline": "pinned week"}
    picked = st.segmented_control(
        *("Against", list(said.values())), default="4 weeks before", required=True, key="against", bind="query-params"
    )
    return cast(Against, next(name for name, words in said.items() if words == picked))


def _no_reference(against: Against) -> str:
    if against == "baseline":
        gone = cache.ask(lost_weeks)
        if gone:
            return "\n".join(drift_words.lost(model, week) for model, week in gone.items())
        return "No week is pinned. Pin one with: routescope drift baseline 2026-W40, then: routescope drift run --all"
    return f"Nothing has been compared with {AGAINST_SAID[against]} yet; run: routescope drift run --all"


def _heat_map(cells: Sequence[DriftCell], last: DriftRunRecord | None) -> DriftCell | None:
    chosen = _addressed(cells)
    run = "" if last is None else f"; computed {units.when(last.finished)} UTC"
    with cards.card(
        "Models by week",
        f"Click a square for its metrics; the number is how many metrics drifted{run}",
        key="heat-map",
        help="A metric drifted when its effect exceeds its threshold and the change is no chance (q at most 0.01, "
        "Benjamini-Hochberg over the week), over all prompts or on the same prompts. Marks above: prices and policies "
        "that changed, and incidents.",
    ):
        marks = happenings.marks(weeks.weeks_of(cells), simulated=cells[0].simulated)
        event = st.plotly_chart(
            weeks.heat_map(cells, theme.mode(), chosen, marks),
            key="drift-heat-map",
            theme=None,
            config=theme.chart_config("drift"),
            on_select="rerun",
            selection_mode="points",
            alt=plain.visible(weeks.week_in_words(cells)),
        )
        plot.save(lambda: plot.written(weeks.rows_of(cells)), key="drift-weeks", what="these squares")
        picked = _picked(cells, event)
        seen = st.session_state.get("drift-picked")
        st.session_state["drift-picked"] = picked
        if picked is not None and picked != seen and picked != chosen:
            _open(picked)
        names = [f"{cell.model}, {cell.week_label}" for cell in cells]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = _select(cells, names, chosen)
    return chosen


def _select(cells: Sequence[DriftCell], names: Sequence[str], chosen: DriftCell | None) -> DriftCell | None:
    """The same choice without a mouse."""
    place = st.selectbox(
        "Model and week",
        range(len(cells)),
        index=None if chosen is None else cells.index(chosen),
        format_func=lambda at: f"{names[at]}: {weeks.STATE_SAID[cells[at].state]}",
        placeholder="Choose a square",
        width=420,
    )
    if place is None:
        return chosen
    picked = cells[place]
    if picked != chosen:
        _open(picked)
    return picked


def _open(picked: DriftCell) -> None:
    st.query_params.update({"model": picked.model, "week": picked.week_label})
    st.query_params.pop(square.METRIC, None)
    st.rerun()


def _addressed(cells: Sequence[DriftCell]) -> DriftCell | None:
    """The cell in the address, or the latest that drifted."""
    model, week = st.query_params.get("model"), st.query_params.get("week")
    named = [cell for cell in cells if cell.model == model and week in (cell.week_label, cell.week.isoformat())]
    if named:
        return named[0]
    drifted = [cell for cell in cells if cell.state == "drift"]
    return max(drifted, key=lambda cell: (cell.week, cell.worst_ratio or 0), default=None)


def _picked(cells: Sequence[DriftCell], event: Any) -> DriftCell | None:
    """The square that was clicked; what a browser sends is only looked up, never trusted."""
    points = event["selection"]["points"] if event else []
    wanted = points[0].get("customdata") if points else None
    if not isinstance(wanted, (list, tuple)) or len(wanted) != 2:
        return None
    return next((cell for cell in cells if [cell.model, cell.week.isoformat()] == list(wanted)), None)


def _square(chosen: Square) -> None:
    cell = chosen.cell
    against, purpose = chosen.against, chosen.purpose
    metrics = cache.ask(drift.cell, cell.model, cell.week, cell.simulated, against=against, purpose=purpose)
    if not metrics:
        raise StorageError("this week's metrics are gone from the database; run: routescope drift run --all")
    square.draw(chosen, metrics)


if __name__ == "__main__":
    show()
