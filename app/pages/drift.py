"""Drift: which models changed in which week, in what, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.components import Cell
from app.panels.drift import weeks
from telemetry.errors import StorageError
from telemetry.query import drift as drift_query
from telemetry.query.drift import DriftCell, DriftRunRecord, MetricDrift


def show() -> None:
    """The page."""
    components.page_header("Drift", "Each model's week against the four weeks before it")
    with cards.errors_shown("drift"):
        cells, last = _stored(cache.settings().database_url)
        if not cells:
            _nothing(last)
            return
        shown = _kind(cells)
        components.paragraphs([weeks.week_in_words(shown)])
        if shown[0].simulated:
            components.notice("Simulated: this is demo traffic. Remove it with `routescope demo --clear`.")
        chosen = _heat_map(shown, last)
        if chosen is not None:
            _cell(chosen)


@st.cache_data(ttl=cache.TTL_S, max_entries=8, show_spinner=False)
def _stored(url: str) -> tuple[list[DriftCell], DriftRunRecord | None]:
    engine = cache.engine_of(url)
    return drift_query.heatmap(engine), drift_query.last_run(engine)


@st.cache_data(ttl=cache.TTL_S, max_entries=64, show_spinner=False)
def _metrics(url: str, model: str, week: date, simulated: bool) -> list[MetricDrift]:
    return drift_query.cell(cache.engine_of(url), model, week, simulated)


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


def _kind(cells: Sequence[DriftCell]) -> list[DriftCell]:
    """The cells of one kind of traffic; a choice is offered when there are both."""
    kinds = sorted({cell.simulated for cell in cells})
    simulated = kinds[0]
    if len(kinds) > 1:
        picked = st.segmented_control(
            "Traffic", ["real", "simulated"], default="real", required=True, key="traffic", bind="query-params"
        )
        simulated = picked == "simulated"
    return [cell for cell in cells if cell.simulated == simulated]


def _heat_map(cells: Sequence[DriftCell], last: DriftRunRecord | None) -> DriftCell | None:
    chosen = _addressed(cells)
    run = "" if last is None else f"; computed {units.when(last.finished)} UTC"
    with cards.card(
        "Models by week",
        f"Click a square for its metrics; the number is how many metrics drifted{run}",
        key="heat-map",
        help="A metric drifted when its effect exceeds its threshold and the change is no chance "
        "(q below 0.05, Benjamini-Hochberg over the week).",
    ):
        event = st.plotly_chart(
            weeks.heat_map(cells, theme.mode(), chosen),
            key="drift-heat-map",
            theme=None,
            config=theme.chart_config("drift"),
            on_select="rerun",
            selection_mode="points",
            alt=plain.visible(weeks.week_in_words(cells)),
        )
        picked = _picked(cells, event)
        seen = st.session_state.get("drift-picked")
        st.session_state["drift-picked"] = picked
        if picked is not None and picked != seen and picked != chosen:
            st.query_params.update({"model": picked.model, "week": picked.week_label})
            st.rerun()
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
        st.query_params.update({"model": picked.model, "week": picked.week_label})
        st.rerun()
    return picked


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


def _cell(chosen: DriftCell) -> None:
    metrics = _metrics(cache.settings().database_url, chosen.model, chosen.week, chosen.simulated)
    if not metrics:
        raise StorageError("this week's metrics are gone from the database; run: routescope drift run --all")
    label = f"{plain.visible(chosen.model, 60)}, {chosen.week_label}"
    with cards.grid("cell", narrowest="half"):
        with cards.card(label, f"{units.count(chosen.n)} branches, each metric by itself", key="metrics"):
            components.table(
                ("Metric", "State", "Effect", "Threshold", "q", "n"),
                [_row(one) for one in metrics],
                numbers=(2, 3, 4, 5),
            )
        with cards.card("Reference and week", "The same metric before and in the week", key="distributions"):
            names = [metric.metric for metric in metrics]
            key = f"metric-{chosen.model}-{chosen.week}-{chosen.simulated}"
            picked = st.selectbox("Metric", names, format_func=weeks.title_of, key=key)
            _distribution(next((one for one in metrics if one.metric == picked), metrics[0]))


def _row(one: MetricDrift) -> tuple[Cell | object, ...]:
    tone = {"drift": "bad", "ok": "ok", "not_enough_data": "muted"}[one.state]
    mark = {"drift": "▲ ", "ok": "", "not_enough_data": ""}[one.state]
    return (
        weeks.title_of(one.metric),
        Cell(mark + weeks.STATE_SAID[one.state], tone),  # type: ignore[arg-type]
        _number(one.effect),
        _number(one.threshold),
        "" if one.q is None else "< 0.001" if one.q < 0.001 else f"{one.q:.3f}",
        units.count(one.n),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _distribution(one: MetricDrift) -> None:
    if not one.current.shares and not one.reference.shares:
        components.untrusted("There is no data of this metric in either period.", muted=True)
        return
    told = (
        f"Effect {_number(one.effect)} ({weeks.title_of(one.effect_name or '')}), threshold "
        f"{_number(one.threshold)}, p {one.p:.2g}"
        if one.effect is not None and one.p is not None
        else f"Not enough data to judge: {units.count(one.n)} in the week, {units.count(one.n_reference)} before"
    )
    components.untrusted(told, muted=True)
    alt = f"{weeks.title_of(one.metric)}: reference against the week"
    plot.draw(weeks.distributions(one, theme.mode()), key=f"distribution-{one.metric}", alt=alt)


if __name__ == "__main__":
    show()
