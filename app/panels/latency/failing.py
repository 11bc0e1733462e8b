"""What failed: errors of models by type, each with its decisions, and requests without an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, rows, tables, theme
from app.dashboard.charts import over_time
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.style import faded
from app.dashboard.components import Cell
from app.dashboard.rows import NAME, Column
from app.dashboard.theme import Palette
from app.dashboard.view import View
from app.panels.latency import service
from telemetry.query import branch_errors, failures
from telemetry.query.cells import Step
from telemetry.query.failures import BranchFailures
from telemetry.query.filters import Filters
from telemetry.query.overview import Totals
from telemetry.query.proportion import Proportion

ERROR: Final = "error"
OF: Final = "error_of"
"""Query parameters: the type of error whose decisions are shown, and the model that had it."""
_TYPES: Final = 6
"""Types of errors with a colour of their own; the rarer ones are drawn as one."""
_DECISIONS: Final = 10


def by_type(view: View) -> None:
    """A card of a table: each type of error of each model, with its share; a click shows its decisions."""
    with cards.card(
        "Errors of models, by type",
        "Branches that failed, of all branches of that model. Click a row to see its decisions",
        key="errors",
        help="A branch failed when it gave no complete answer. Its share is of all branches of that model and use, "
        "with Wilson's interval at 95 %. Most requests with such a branch are answered by another: see fallbacks.",
    ):
        found = cache.ask(failures.branch_failures, view.filters)
        if not found:
            cards.empty("No branch failed", "Every branch of this period gave a complete answer.")
            return
        _table(found)
        plot.save(lambda: plot.written([_HEAD, *map(_line, found)]), key="errors", what="this table")


_HEAD: Final = ("model", "use", "error", "failed", "branches", "share", "low", "high")


def _line(one: BranchFailures) -> Sequence[object]:
    rate = one.branches
    return one.model, one.kind, one.error_type, rate.part, rate.n, rate.share, rate.low, rate.high


def _table(found: Sequence[BranchFailures]) -> None:
    shares = [one.branches.share for one in found]
    colours = cache.colours(theme.mode())
    columns = [
        Column("Model", [one.model for one in found], swatches=[colours.get(one.model) for one in found]),
        Column("Error", [error_said(one.error_type) for one in found]),
        Column(
            "Use",
            [one.kind for one in found],
            help="model: an answer. probe: an extra cheap answer to compare. tool, judge.",
        ),
        Column(
            "Failed",
            [units.count(one.branches.part) for one in found],
            number=True,
            sort=[one.branches.part for one in found],
            help="Branches that gave no complete answer, for this reason.",
        ),
        Column(
            "Share",
            [units.share(part, 2) for part in shares],
            number=True,
            sort=shares,
            help="Of all branches of that model and use.",
        ),
        Column(
            "95 % interval",
            [_interval(one.branches) for one in found],
            number=True,
            sort=shares,
            help="Wilson's interval of the share.",
        ),
        Column(
            "Branches",
            [units.count(one.branches.n) for one in found],
            number=True,
            sort=[one.branches.n for one in found],
            help="All branches of that model and use: n.",
        ),
    ]
    by_name = {str(place): one for place, one in enumerate(found)}
    chosen = by_name.get(rows.draw(columns, key="errors", names=list(by_name), tall=380) or "")
    if chosen is not None:
        st.query_params.update({ERROR: chosen.error_type, OF: chosen.model})


def _interval(rate: Proportion) -> str:
    if rate.low is None or rate.high is None:
        return units.UNKNOWN
    return f"{rate.low * 100:.2f} to {rate.high * 100:.2f} %"


def error_said(code: str) -> str:
    """An error's code as words; hostile ones made harmless."""
    return plain.visible(code.replace("_", " "), NAME)


def over_the_period(view: View) -> None:
    """A card of bars: how many branches failed when, a colour each type."""
    mode = theme.mode()
    with cards.card(
        "Errors over time",
        "Branches that failed, by type",
        key="errors-over-time",
        help="Branches without a complete answer, by the type of their error; the rarest types are drawn as one.",
    ):
        steps = cache.ask(branch_errors.error_series, view.filters, view.period.step)
        if not steps:
            cards.empty("No branch failed", "Every branch of this period gave a complete answer.")
            return
        before = view.before if view.compare else None
        earlier = [] if before is None else cache.ask(branch_errors.error_series, before, view.period.step)
        stacks = stacked(((one.start, one.error_type, one.branches) for one in steps), theme.palette(mode))
        plot.draw(
            over_time.bars(
                against(stacks, ((one.start, one.branches) for one in earlier), before, view.period.step),
                mode,
                step=view.period.step,
                unit="branches",
                write=units.count,
                span=view.span,
                shift=view.shift,
                height=330,
            ),
            key="errors-over-time-chart",
            alt="Stacked bars: branches that failed a step, by type of error",
            zoom=view,
        )


def against(
    stacks: Sequence[Series], before: Iterable[tuple[datetime, int]], over: Filters | None, step: Step
) -> list[Series]:
    """The stacks with what the period before had in all; bars draw one line of it, whatever its types were.

    Args:
        stacks: of this period.
        before: a step's start and its count, several of one step added up.
        over: the period before; None where it is not drawn.
        step: one of that period without any is 0 and no gap in the line.
    """
    whole: dict[datetime, int] = {}
    if over is not None and over.start is not None and over.end is not None:
        width = over_time.STEPS[step]
        whole = dict.fromkeys((over.start + width * n for n in range(-(-(over.end - over.start) // width))), 0)
    for start, n in before:
        whole[start] = whole.get(start, 0) + n
    return [replace(stacks[0], before=sorted(whole.items())), *stacks[1:]] if stacks else []


def stacked(counted: Iterable[tuple[datetime, str, int]], shades: Palette) -> list[Series]:
    """One stack a type, the most frequent at the bottom; the rarest together."""
    by_type: dict[str, dict[datetime, int]] = {}
    for start, name, n in counted:
        steps = by_type.setdefault(name, {})
        steps[start] = steps.get(start, 0) + n
    ordered = sorted(by_type, key=lambda name: (-sum(by_type[name].values()), name))
    shown, rare = ordered[:_TYPES], ordered[_TYPES:]
    paint = _paint(shades)
    stacks = [
        Series(error_said(name), sorted(by_type[name].items()), colour)
        for name, colour in zip(shown, paint, strict=False)
    ]
    if rare:
        together: dict[datetime, int] = {}
        for name in rare:
            for start, n in by_type[name].items():
                together[start] = together.get(start, 0) + n
        stacks.append(Series(units.plural(len(rare), "rarer type"), sorted(together.items()), paint[-1]))
    return stacks


def _paint(shades: Palette) -> tuple[str, ...]:
    """None of them is a model's."""
    return (
        shades.bad,
        shades.warn,
        shades.accent,
        shades.muted,
        *(faded(shades.bad, 0.45), faded(shades.accent, 0.45), faded(shades.muted, 0.4)),
    )


def decisions_of_one(view: View) -> None:
    """A card of the newest decisions with the error that the address names; nothing when it names none."""
    chosen = _chosen()
    if chosen is None:
        return
    error_type, model = chosen
    with cards.card(
        f"Decisions with {error_said(error_type)} of {plain.visible(model, NAME)}",
        f"The newest {_DECISIONS}, whatever came of them. Click a row for the whole story",
        key="error-decisions",
    ):
        found = cache.ask(branch_errors.decisions_with_error, view.filters, model, error_type, limit=_DECISIONS)
        if found:
            opened = tables.decisions(found, key="error-decisions")
            if opened is not None:
                navigation.open_decision(opened)
        else:
            cards.empty("None in this period", "Choose a longer period, or another row of the table.")
        st.button("Close", icon=":material/close:", key="close-error", on_click=_close)


def _chosen() -> tuple[str, str] | None:
    error_type, model = st.query_params.get(ERROR), st.query_params.get(OF)
    return (error_type, model) if error_type and model else None


def _close() -> None:
    st.query_params.pop(ERROR, None)
    st.query_params.pop(OF, None)


def unanswered(view: View, now: Totals) -> None:
    """A card of bars and a table: requests that ended without an answer, by why; deadlines that passed first."""
    mode = theme.mode()
    with cards.card(
        "Requests without an answer",
        "How they ended, and why",
        key="unanswered",
        help="failed: every branch failed, or the deadline passed. denied: a rule or a budget. cancelled: the caller "
        "went away. Shares are of all requests of the period, with Wilson's interval at 95 %.",
    ):
        found = cache.ask(failures.request_failures, view.filters)
        missed = Proportion.of(service.late(found), now.requests)
        told = f"Deadlines missed: {service.in_words(missed, 2)}."
        components.untrusted(components.unbroken(told), muted=True)
        if not found:
            cards.empty("Every request was answered", f"n = {units.count(now.requests)}.")
            return
        steps = cache.ask(failures.request_failures, view.filters, view.period.step)
        before = view.before if view.compare else None
        earlier = [] if before is None else cache.ask(failures.request_failures, before, view.period.step)
        stacks = stacked(
            ((one.start, _ending(one.status, one.error_type), one.requests.part) for one in steps if one.start),
            theme.palette(mode),
        )
        plot.draw(
            over_time.bars(
                against(
                    stacks, ((one.start, one.requests.part) for one in earlier if one.start), before, view.period.step
                ),
                mode,
                step=view.period.step,
                unit="requests",
                write=units.count,
                span=view.span,
                shift=view.shift,
                height=210,
            ),
            key="unanswered-chart",
            alt="Stacked bars: requests without an answer a step, by why",
            zoom=view,
        )
        components.table(
            ("Ended", "Requests", "Share", "95 % interval"),
            [
                (
                    Cell(_ending(one.status, one.error_type), components.OUTCOME_TONE.get(one.status)),
                    units.count(one.requests.part),
                    units.share(one.requests.share, 2),
                    _interval(one.requests),
                )
                for one in found[:_DECISIONS]
            ],
            numbers=(1, 2, 3),
        )
        with st.container(horizontal=True):
            for status in dict.fromkeys(one.status for one in found):
                navigation.decisions_link(_LINKS.get(status, plain.markdown(status)), status=status)


_LINKS: Final[Mapping[str, str]] = {"failed": "Failed ones", "denied": "Denied ones", "cancelled": "Cancelled ones"}


def _ending(status: str, error_type: str) -> str:
    """``failed: deadline exceeded``; the status alone where the type adds nothing."""
    return status if error_type in ("", status) else f"{status}: {error_said(error_type)}"
