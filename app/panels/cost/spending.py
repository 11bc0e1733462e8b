"""What was spent on what: by one dimension at a time, ranked and over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, TypeVar, get_args

import streamlit as st

from app import units
from app.dashboard import cache, cards, components, plot, theme
from app.dashboard.charts import over_time, ranked, style
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.ranked import Bar
from app.dashboard.plot import Pick
from app.dashboard.view import View
from app.panels.cost import prices
from telemetry.query import spending as query
from telemetry.query.spending import SpendDimension, Spending

Measure: TypeAlias = Literal["total", "per-1k"]
Option = TypeVar("Option", bound=str)

DIMENSIONS: Final[tuple[SpendDimension, ...]] = get_args(SpendDimension)
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
FILTER: Final[Mapping[SpendDimension, Pick]] = {
    "model": "model",
    "tenant": "tenant",
    "route": "route",
    "intent": "intent",
    "tool": "model",
}
"""The filter that a value of a dimension sets."""
MOST: Final = 12
"""Bars; what comes after them is in the table."""
STACKED: Final = 7
"""Colours of a stack; what comes after them is one more."""
NAMELESS: Final = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader wants to see."""

    by: SpendDimension
    measure: Measure

    @property
    def counted(self) -> str:
        """What n counts."""
        return "branches" if self.by == "model" else "requests"

    @property
    def each(self) -> str:
        """One of what n counts."""
        return "branch" if self.by == "model" else "request"


def choose() -> Choice:
    """The switches of the dimension and of the measure, both in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="spend-by"):
        by = _switch("Spend by", "by", DIMENSIONS, str.title)
        measure = _switch("Bars show", "measure", MEASURES, lambda one: one.replace("-", " ").capitalize())
    return Choice(by, measure)


def _switch(title: str, name: str, options: Sequence[Option], write: Callable[[Option], str]) -> Option:
    """A choice that follows the query parameter of its name; the first option is what an address need not say."""
    key = f"cost-{name}"

    def put() -> None:
        chosen = st.session_state[key]
        if chosen == options[0]:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = chosen

    asked = st.query_params.get(name)
    st.session_state[key] = asked if asked in options else options[0]
    return st.segmented_control(title, options, required=True, key=key, on_change=put, format_func=write) or options[0]


def rows_of(view: View, choice: Choice) -> list[Spending]:
    """Every value of the dimension, the dearest first."""
    return cache.ask(query.spending, view.filters, choice.by)


def most(view: View, choice: Choice) -> None:
    """A card of bars, the longest on top; a click filters."""
    mode = theme.mode()
    thousands = choice.measure == "per-1k"
    with cards.card(
        f"Spend by {choice.by}",
        f"US dollars{f' per 1,000 {choice.counted}' if thousands else ''}; click a bar to see it alone",
        key="spend-ranked",
        help=DEFINITION[choice.by],
    ):
        rows = rows_of(view, choice)
        if not rows:
            nothing(choice)
            return
        if free(rows):
            cost_nothing(choice)
            return
        colours = colours_of(rows, choice.by, mode)
        measured = [(row, per_1k(row) if thousands else dollars(row.cost_nano)) for row in rows]
        measured.sort(key=lambda one: -1.0 if one[1] is None else one[1], reverse=True)
        plot.draw(
            ranked.bars(
                [
                    Bar(
                        row.value or NAMELESS,
                        value,
                        colours[row.value],
                        note=f"{units.count(row.n)} {choice.counted}, {units.usd(each(row))} per {choice.each}",
                    )
                    for row, value in measured[:MOST]
                ],
                mode,
                unit=f"USD per 1,000 {choice.counted}" if thousands else "USD",
                write=units.usd,
                tick_prefix="$",
            ),
            key=f"spend-by-{choice.by}",
            alt=f"Bars: {'cost per 1,000' if thousands else 'spend'} by {choice.by}, the most on top",
            pick=FILTER[choice.by],
        )
        if len(rows) > MOST:
            components.untrusted(f"The {MOST} with the most of {len(rows)}; the table has all.", muted=True)


def over(view: View, choice: Choice) -> None:
    """A card of bars over time, in the colours of the other card, with what changed on the way."""
    mode = theme.mode()
    with cards.card(
        f"Spend over time, by {choice.by}",
        "US dollars; diamonds mark new policies and prices",
        key="spend-over-time",
        help="Spend of each step, by when its requests came. A diamond: a policy came into force; in colour when it "
        "changed a price. Draw over the axis to look closer.",
    ):
        rows = rows_of(view, choice)
        if not rows:
            nothing(choice)
            return
        if free(rows):
            cost_nothing(choice)
            return
        step = view.period.step
        before = view.before if view.compare else None
        steps = cache.ask(query.spending, view.filters, choice.by, step)
        earlier = [] if before is None else cache.ask(query.spending, before, choice.by, step)
        plot.draw(
            over_time.bars(
                stacked(rows, steps, earlier, colours_of(rows, choice.by, mode), theme.palette(mode).neutral),
                mode,
                step=step,
                unit="USD",
                write=units.usd,
                span=view.span,
                shift=view.shift,
                marks=prices.marks(prices.known(view), view.span),
                tick_prefix="$",
                height=58 + ranked.ROW * 8,
            ),
            key="spend-time",
            alt=f"Stacked bars: spend a step, by {choice.by}",
            zoom=view,
        )


def stacked(
    rows: Sequence[Spending],
    steps: Sequence[Spending],
    earlier: Sequence[Spending],
    colours: Mapping[str, str],
    neutral: str,
) -> list[Series]:
    """The dearest values each in its colour, all others together in one more.

    Args:
        rows: by value, the dearest first.
        steps: by step and value.
        earlier: the same of the period before.
        colours: by value.
        neutral: the colour of the others.
    """
    paid = [row.value for row in rows if row.cost_nano]
    own = paid if len(paid) <= STACKED + 1 else paid[:STACKED]
    found = [
        Series(
            value or NAMELESS,
            _points(steps, {value}),
            colours[value],
            before=_points(earlier, {value}),
        )
        for value in own
    ]
    rest = {row.value for row in (*steps, *earlier)} - set(own)
    others = Series(f"{len(paid) - len(own)} others", _points(steps, rest), neutral, before=_points(earlier, rest))
    return [*found, others] if any(value for _, value in (*others.points, *others.before)) else found


def nothing(choice: Choice) -> None:
    """No value of this dimension, and what to do."""
    if choice.by == "tool":
        cards.empty(
            "Neither a tool nor the cache answered",
            "Give a route tools or a cache (docs/policy.md), or choose a longer period.",
        )
    else:
        cards.empty(f"No {choice.by} to count", "Choose a longer period.")


def free(rows: Sequence[Spending]) -> bool:
    """Whether it is known that nothing was spent on any of them: bars of no length would tell nothing."""
    return all(row.cost_nano == 0 and not row.cost_unknown for row in rows)


def cost_nothing(choice: Choice) -> None:
    """There is something to count, and it was free."""
    cards.empty(
        "Nothing was spent",
        f"The {choice.counted} counted here cost $0. "
        + ("The table below has them all." if choice.by == "model" else "What they saved is in the table below."),
    )


def colours_of(rows: Sequence[Spending], by: SpendDimension, mode: theme.Mode) -> dict[str, str]:
    """A colour a value: models and tools have theirs on every page, others get one by their names."""
    names = [row.value for row in rows]
    known = cache.colours(mode) if by in ("model", "tool") else style.model_colours(names, mode)
    return {name: known.get(name, theme.palette(mode).neutral) for name in names}


def _points(rows: Sequence[Spending], values: set[str]) -> list[tuple[datetime, float | None]]:
    sums: dict[datetime, float] = {}
    for row in rows:
        if row.value in values and row.start is not None and row.cost_nano is not None:
            sums[row.start] = sums.get(row.start, 0.0) + row.cost_nano / units.NANO
    return [*sorted(sums.items())]


def dollars(nano: int | None) -> float | None:
    """USD; unknown stays unknown."""
    return None if nano is None else nano / units.NANO


def each(row: Spending) -> float | None:
    """USD per branch or request whose cost is known."""
    return None if row.each_nano is None else row.each_nano / units.NANO


def per_1k(row: Spending) -> float | None:
    """USD per thousand of them."""
    return None if row.each_nano is None else row.each_nano * 1000 / units.NANO


DEFINITION: Final[Mapping[SpendDimension, str]] = {
    "model": "By the model that was called. Each branch counts for its own model, used or not, probes and judges "
    "included; n counts branches. Tools and the cache call no model and are left out.",
    "tenant": "By whom the request was made for: all of its branches, used or not. n counts requests.",
    "route": "By the route that was asked for: all branches of its requests, used or not. n counts requests.",
    "intent": "By what the prompt was taken to want: all branches of its requests, used or not. n counts requests.",
    "tool": "Requests that a tool or the cache answered, and what their branches cost, if a model was asked before it. "
    "Saved: what the baseline would have cost for them.",
}
