"""How drift is drawn: the heat map of weeks, and one metric's two distributions. Pure: figures and sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime

from app import drift_words, units
from app.dashboard import theme
from app.dashboard.charts import style
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.over_time import Mark
from app.dashboard.theme import Mode
from telemetry.drift.distribution import Distribution
from telemetry.drift.weeks import WEEK, start_of
from telemetry.query.drift import DriftCell, DriftState, MetricDrift

STATE_SAID: dict[DriftState, str] = {"ok": "steady", "drift": "drifted", "not_enough_data": "not enough data"}
UNIT_SAID = {
    "nano-USD": "USD",
    "place": "place among those before",
    "share": "share of branches",
    "score": "score, 0 to 1",
}
NANO_USD = "nano-USD"
PLACE = "place"
"""Of a text among those of the reference, 0 to 1."""
ROOMY = 14
"""Weeks; with more there is room for a mark in a square, but for no words."""
_SYMBOL: dict[DriftState, str] = {"ok": "·", "drift": "▲", "not_enough_data": ""}
_CAUSE = {"input": "prompts", "model": "model", "price": "price", "mixed": "both", "unclear": "unclear"}

title_of = drift_words.title


def heat_map(cells: Sequence[DriftCell], mode: Mode, chosen: DriftCell | None, marks: Sequence[Mark] = ()) -> Drawing:
    """One square a model and week: filled and marked where it drifted, hatched where there was too little to say.

    ``cells`` are of one kind of traffic; each point's ``customdata`` is its model and the Monday of its week. What
    happened stands above the squares, at its moment.
    """
    shades = theme.palette(mode)
    weeks = weeks_of(cells)
    models = sorted({cell.model for cell in cells}, reverse=True)
    every = max(1, math.ceil(len(weeks) / ROOMY))
    shown = [place for place in range(len(weeks)) if (len(weeks) - 1 - place) % every == 0]
    labels = {cell.week: cell.week_label for cell in cells}
    drawn = style.figure(
        mode,
        height=96 + 42 * len(models),
        barmode="overlay",
        bargap=0.12,
        dragmode="pan",
        clickmode="event+select",
        margin={"r": 12 if len(weeks) <= ROOMY else 36},
        xaxis={
            "tickmode": "array",
            "tickvals": shown,
            "ticktext": [labels.get(weeks[place], "") for place in shown],
            "range": [-0.5, len(weeks) - 0.5],
            "title": {"text": "ISO week, UTC", "standoff": 6},
        },
        yaxis={
            "tickmode": "array",
            "tickvals": list(range(len(models))),
            "ticktext": [style.label(model, 28) for model in models],
            "range": [-0.5, len(models) - 0.5 + (0.35 if marks else 0.0)],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
        legend={"y": 1.04},
    )
    places = {week: place for place, week in enumerate(weeks)}
    lines = {model: place for place, model in enumerate(models)}
    for state in ("ok", "drift", "not_enough_data"):
        of_state = [cell for cell in cells if cell.state == state]
        if not of_state:
            continue
        fill = {"ok": shades.ok, "drift": shades.bad, "not_enough_data": shades.grid}[state]
        drawn.add_bar(
            name=f"{_SYMBOL[state]} {STATE_SAID[state]}".strip(),
            x=[places[cell.week] for cell in of_state],
            y=[0.84] * len(of_state),
            base=[lines[cell.model] - 0.42 for cell in of_state],
            width=0.92,
            marker={
                # In the colour and not as opacity, so that the legend is as pale as the squares; a hatching has one.
                "color": fill
                if state == "not_enough_data"
                else [style.faded(fill, _strength(cell)) for cell in of_state],
                "line": {"width": [2.5 if cell == chosen else 0 for cell in of_state], "color": shades.ink},
                "pattern": {"shape": "/", "fgcolor": shades.neutral, "size": 7, "solidity": 0.18}
                if state == "not_enough_data"
                else {"shape": ""},
            },
            text=[_mark(cell, len(weeks)) for cell in of_state],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="inside",
            textfont={"size": 12, "color": shades.ink},
            hovertext=[_told(cell) for cell in of_state],
            hoverinfo="text",
            customdata=[[cell.model, cell.week.isoformat()] for cell in of_state],
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.75}},
        )
    if marks and weeks:
        _draw_marks(drawn, marks, weeks, len(models) - 0.28, mode)
    return drawn


def rows_of(cells: Sequence[DriftCell]) -> list[tuple[object, ...]]:
    """The squares as the rows of a file, below a head."""
    head = (
        "week (ISO, UTC)",
        "model",
        "state",
        "metrics drifted",
        "metrics tested",
        "n (branches)",
        "largest drift in",
    )
    ordered = sorted(cells, key=lambda cell: (cell.week, cell.model))
    return [
        head,
        *(
            (
                *(cell.week_label, cell.model, STATE_SAID[cell.state], cell.drifted, cell.tested, cell.n),
                cell.worst_metric if cell.drifted else None,
            )
            for cell in ordered
        ),
    ]


def weeks_of(cells: Sequence[DriftCell]) -> list[date]:
    """Every Monday from the first cell's to the last one's: a week without traffic is a gap."""
    known = {cell.week for cell in cells}
    if not known:
        return []
    first, last = min(known), max(known)
    return [first + WEEK * number for number in range((last - first) // WEEK + 1)]


def distributions(metric: MetricDrift, mode: Mode, *, reference: str = "Reference (weeks before)") -> Drawing:
    """The reference against the week, as shares over the same bins or categories."""
    shades = theme.palette(mode)
    scale = 1 / units.NANO if metric.unit == NANO_USD else 1.0
    name = style.label(title_of(metric.metric))
    drawn = style.figure(
        mode,
        height=280,
        barmode="overlay" if metric.current.edges else "group",
        bargap=0.04 if metric.current.edges else 0.3,
        xaxis={"title": {"text": f"{name} ({UNIT_SAID.get(metric.unit, metric.unit)})"}},
        yaxis={"title": {"text": "share of branches"}, "tickformat": ".0%", "rangemode": "tozero"},
    )
    if metric.unit == PLACE:
        drawn.update_xaxes(tickformat=".0%", range=[0, 1])
    if metric.current.edges and metric.unit == NANO_USD:
        drawn.update_xaxes(tickprefix="$", exponentformat="none")
    for name, side, n, colour in (
        (reference, metric.reference, metric.n_reference, shades.neutral),
        ("This week", metric.current, metric.n, shades.accent),
    ):
        if side.shares:
            drawn.add_bar(
                name=f"{name}, n = {units.count(n)}",
                x=_places(side, scale),
                y=list(side.shares),
                marker={"color": colour, "opacity": 0.62, "line": {"width": 0}},
                hovertext=[f"{name}<br>{place}<br>{units.share(part)}" for place, part in _bins(side, scale)],
                hoverinfo="text",
            )
    return drawn


def week_in_words(cells: Sequence[DriftCell]) -> str:
    """What drifted in the latest week that could be judged, and whether a later one could not yet."""
    if not cells:
        return "Nothing has been compared yet."
    latest = max(cells, key=lambda cell: cell.week)
    judged = [cell for cell in cells if cell.state != "not_enough_data"]
    if not judged:
        return f"Up to {latest.week_label}, no model had enough requests to compare."
    last = max(judged, key=lambda cell: cell.week)
    early = "" if latest.week == last.week else f"{latest.week_label} has too few requests so far. "
    return early + _week_told([cell for cell in cells if cell.week == last.week], cells)


def _week_told(of_week: Sequence[DriftCell], cells: Sequence[DriftCell]) -> str:
    label = of_week[0].week_label
    drifted = sorted((cell for cell in of_week if cell.state == "drift"), key=lambda cell: -(cell.worst_ratio or 0))
    if drifted:
        told = ", ".join(_of_cell(cell, since(cell, cells)) for cell in drifted[:4])
        more = f" and {len(drifted) - 4} more" if len(drifted) > 4 else ""
        return f"In {label}, {units.plural(len(drifted), 'model')} drifted: {told}{more}."
    silent = sum(cell.state == "not_enough_data" for cell in of_week)
    rest = f"; {units.plural(silent, 'model')} had too few requests to say" if silent else ""
    earlier = [cell for cell in cells if cell.state == "drift"]
    before = f" The latest drift was {_of_cell(earlier[-1])} in {earlier[-1].week_label}." if earlier else ""
    return f"In {label}, nothing drifted{rest}.{before}"


def since(cell: DriftCell, cells: Sequence[DriftCell]) -> str | None:
    """The first of the weeks in a row in which a model drifted, up to a cell's; None when that is its own."""
    drifted = {one.week: one for one in cells if one.model == cell.model and one.state == "drift"}
    first = cell
    while first.week - WEEK in drifted:
        first = drifted[first.week - WEEK]
    return None if first.week == cell.week else first.week_label


def _of_cell(cell: DriftCell, first: str | None = None) -> str:
    facts = [title_of(cell.worst_metric or "unknown"), *(drift_words.CAUSES[cause] for cause in cell.causes[:1])]
    return f"{cell.model} ({'; '.join([*facts, *([] if first is None else [f'since {first}'])])})"


def _strength(cell: DriftCell) -> float:
    """Deeper the further above its threshold; steady cells are pale."""
    if cell.state == "not_enough_data":
        return 1.0
    if cell.state == "ok":
        return 0.28
    return min(0.45 + 0.15 * math.log2(max(cell.worst_ratio or 1, 1)), 0.9)


def _mark(cell: DriftCell, weeks: int) -> str:
    if cell.state != "drift":
        return _SYMBOL[cell.state] if weeks <= 2 * ROOMY else ""
    if weeks > ROOMY:
        return _SYMBOL[cell.state]
    if weeks > ROOMY / 1.4 or not cell.causes:
        return f"▲ {cell.drifted} of {cell.tested}"
    return f"▲ {cell.drifted} · {_CAUSE[cell.causes[0]]}"


def _told(cell: DriftCell) -> str:
    lines = [
        f"<b>{style.label(cell.model)}</b>, {cell.week_label}",
        STATE_SAID[cell.state],
        f"n = {units.count(cell.n)} branches",
    ]
    if cell.tested:
        lines.append(f"{cell.drifted} of {cell.tested} metrics drifted")
    if cell.causes:
        lines.append(f"cause: {', '.join(drift_words.CAUSES[cause] for cause in cell.causes)}")
    if cell.worst_metric is not None and cell.worst_ratio is not None:
        worst = style.label(title_of(cell.worst_metric))
        lines.append(f"largest effect: {worst}, {cell.worst_ratio:.2f} of its threshold")
    return "<br>".join(lines)


def _draw_marks(drawn: Drawing, marks: Sequence[Mark], weeks: Sequence[date], height: float, mode: Mode) -> None:
    shades = theme.palette(mode)
    for tone, symbol, name, colour in (
        ("warn", "diamond", "prices changed", shades.warn),
        ("neutral", "circle", "policy changed", shades.muted),
        ("bad", "x", "incident", shades.bad),
    ):
        of_tone = [mark for mark in marks if mark.tone == tone]
        if not of_tone:
            continue
        drawn.add_scatter(
            x=[place_of(mark.at, weeks) for mark in of_tone],
            y=[height] * len(of_tone),
            mode="markers",
            name=name,
            cliponaxis=False,
            marker={"symbol": symbol, "size": 8, "color": colour, "line": {"width": 0}},
            hovertext=[f"{style.label(mark.text, 160)}<br>{mark.at:%Y-%m-%d %H:%M} UTC" for mark in of_tone],
            hoverinfo="text",
        )


def place_of(at: datetime, weeks: Sequence[date]) -> float:
    """Where a moment lies on the axis on which each week's middle is its number."""
    return (at - start_of(weeks[0])) / WEEK - 0.5


def _places(side: Distribution, scale: float) -> list[str | float]:
    if side.labels:
        return [style.label(name, 24) for name in side.labels]
    return [(low + high) / 2 * scale for low, high in zip(side.edges, side.edges[1:], strict=False)]


def _bins(side: Distribution, scale: float) -> list[tuple[str, float]]:
    if side.labels:
        return [(style.label(name), part) for name, part in zip(side.labels, side.shares, strict=True)]
    pairs = zip(side.edges, side.edges[1:], strict=False)
    return [
        (f"{low * scale:.4g} to {high * scale:.4g}", part) for (low, high), part in zip(pairs, side.shares, strict=True)
    ]
