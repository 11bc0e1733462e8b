"""Which data went where: data classes by models and where these ran; and the numbers on top of the Compliance page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cards, components, navigation, plot
from telemetry.query.compliance import DataClassTotals, Exposure, RuleVerdicts
from telemetry.query.proportion import Proportion
from telemetry.query.sensitive import CLASSES

ORDER: Final = ("public", "internal", "sensitive", "regulated")
"""Data classes from the least to the most protected."""
LEFT: Final = "left"
"""The query parameter that has the list below show only what went to a cloud."""
PLACES: Final = ("local", "cloud", "unknown")
NAME: Final = 28


@dataclass(frozen=True, slots=True)
class Column:
    """One model or tool at one place."""

    model: str
    place: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Branches by data class and column. What is not in ``cells`` never happened: 0."""

    classes: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, Column], int]
    given: Mapping[tuple[str, Column], int]
    """Of the branches of a cell: those whose answer was the final one."""

    def at(self, place: str) -> list[Column]:
        """The columns of a place."""
        return [column for column in self.columns if column.place == place]

    def protected(self, place: str) -> int:
        """Branches about sensitive or regulated data at a place."""
        return sum(n for (data, column), n in self.cells.items() if data in CLASSES and column.place == place)


def matrix(exposures: Sequence[Exposure], totals: Sequence[DataClassTotals] = ()) -> Matrix:
    """The branches, counted; protected classes are rows also when nothing happened in them.

    A model that ran in several places, under one policy and another, is several columns.
    """
    cells: dict[tuple[str, Column], int] = {}
    given: dict[tuple[str, Column], int] = {}
    for one in exposures:
        place = (one.data_class, Column(one.model, one.location or "unknown"))
        cells[place] = cells.get(place, 0) + one.branches
        given[place] = given.get(place, 0) + one.answers
    seen = {data for data, _ in cells} | {one.data_class for one in totals if one.requests} | set(CLASSES)
    ordered = [data for data in ORDER if data in seen] + sorted(seen - set(ORDER))
    columns = {column: 0 for _, column in cells}
    for (_, column), number in cells.items():
        columns[column] += number
    listed = sorted(columns, key=lambda column: (PLACES.index(column.place), -columns[column], column.model))
    return Matrix(tuple(ordered), tuple(listed), cells, given)


def whole(stepped: Sequence[DataClassTotals]) -> list[DataClassTotals]:
    """The steps of each data class added up, the most frequent class first."""
    sums: dict[str, DataClassTotals] = {}
    for one in stepped:
        so_far = sums.get(one.data_class)
        counts = {
            name: getattr(one, name) + (0 if so_far is None else getattr(so_far, name))
            for name in ("requests", "ok", "denied", "failed", "cancelled")
        }
        sums[one.data_class] = DataClassTotals(one.data_class, None, **counts)
    return sorted(sums.values(), key=lambda one: (-one.requests, one.data_class))


@dataclass(frozen=True, slots=True)
class Courses:
    """Numbers a step, from the first step with any to the last."""

    protected: Sequence[float | None]
    denied: Sequence[float | None]
    changed: Sequence[float | None]


def numbers(
    found: Matrix,
    classes: Sequence[DataClassTotals],
    verdicts: Sequence[RuleVerdicts],
    courses: Courses,
    *,
    rules: int,
) -> None:
    """Six numbers: what was protected, where it stayed, what left, and what the rules did.

    ``rules``: how many rules the policies of the period have.
    """
    requests = sum(one.requests for one in classes)
    protected = sum(one.requests for one in classes if one.data_class in CLASSES)
    local, cloud, unknown = (found.protected(place) for place in PLACES)
    stayed = Proportion.of(local, local + cloud + unknown)
    seen = [one.data_class for one in classes if one.data_class in CLASSES]

    def those() -> None:
        """Without any, the filters may leave them out, and these are not to be taken back."""
        if seen:
            navigation.decisions_link("Protected ones", data_class=seen)
        else:
            navigation.decisions_link()

    denied = sum(one.denied for one in classes)
    fired = len({one.rule for one in verdicts})
    changed = {outcome: sum(one.requests for one in verdicts if one.outcome == outcome) for outcome in CHANGED}
    with cards.grid("compliance-numbers", narrowest="kpi"):
        _number(
            "Protected requests",
            units.count(protected),
            f"of {units.plural(requests, 'request')}",
            "protected",
            "Requests whose data were sensitive or regulated, as the caller stated or a rule raised it. What other "
            "systems only reported is left out on this page.",
            courses.protected,
            more=those,
        )
        _number(
            "Stayed local",
            units.share(stayed.share),
            f"n = {units.plural(stayed.n, 'branch', 'branches')} about protected data",
            "stayed",
            "Share of the branches about protected data that ran on this machine or in its network, by what the policy "
            "said of the model at that time. Every branch counts, a rejected draft saw the data too."
            + ("" if stayed.low is None else f" 95 % interval from {units.share(stayed.low)}."),
            more=those,
        )
        _number(
            "Left for a cloud",
            units.count(cloud),
            "branches about protected data" + (f"; of {unknown:,} nobody knows" if unknown else ""),
            "left",
            "Branches about sensitive or regulated data whose model runs in a cloud. Anything but 0 needs a reason.",
            more=(lambda: navigation.leads_to(navigation.COMPLIANCE, "Listed below", **{LEFT: "true"}))
            if cloud
            else those,
        )
        _number(
            "Denied",
            units.count(denied),
            units.share(denied / requests) + " of the requests" if requests else "no requests",
            "denied",
            "Requests that a rule or an exhausted budget refused.",
            courses.denied,
            more=lambda: navigation.decisions_link("Denied ones", status="denied"),
        )
        _number(
            "Changed by a rule",
            units.count(sum(changed.values())),
            ", ".join(f"{number:,} {outcome}" for outcome, number in changed.items() if number) or "none",
            "changed",
            "Verdicts that raised risk or data class, had the prompt redacted, or sent the request on as another "
            "route. A request may have several.",
            courses.changed,
        )
        _number(
            "Rules that fired",
            f"{fired:,}",
            f"of {units.plural(rules, 'rule')} of the period's policies",
            "fired",
            "Rules that did anything to a request of the period: narrowed, refused, raised, redacted or sent on.",
        )


CHANGED: Final = ("raised", "redacted", "rerouted")
"""Outcomes of rules that let a request go on, but not as it came."""


def _number(
    label: str,
    value: str,
    note: str,
    key: str,
    help: str,
    line: Sequence[float | None] = (),
    *,
    more: Callable[[], None] = navigation.decisions_link,
) -> None:
    cards.kpi(label, value, key=key, change=None, line=line, note=note, help=help, more=more)


def draw(found: Matrix, classes: Sequence[DataClassTotals]) -> None:
    """The card of the matrix. Cells of protected data in a cloud are 0 in green, or alarm."""
    with cards.card(
        "Which data went where",
        "Branches by data class, model and place, used or not; a number leads to the decisions of its class",
        key="exposure",
        help="Where a model runs is what the policy said at that time. A branch is an attempt at an answer or at "
        "judging one; its prompt went there whether or not its answer was used. Tools on this machine are local. A "
        "number leads to all decisions of its data class; where each branch gave the final answer, to those of the "
        "model alone.",
    ):
        left = found.protected("cloud")
        if left:
            components.notice(
                f"{units.plural(left, 'branch', 'branches')} about sensitive or regulated data went to a cloud model. "
                "The list below names each, with the rules that spoke.",
                tone="bad",
            )
        requests = {one.data_class: one for one in classes}
        rows = [("data class", "model", "place", "branches")]
        rows += [
            (data, column.model, column.place, str(n)) for (data, column), n in sorted(found.cells.items(), key=str)
        ]
        plot.save(lambda: plot.written(rows), key="exposure", what="this table")
        st.html(_table(found, requests))
        with st.container(horizontal=True):
            navigation.decisions_link("Decisions of the period")
            for data in CLASSES:
                navigation.decisions_link(f"{data.capitalize()} ones", data_class=data)


def _table(found: Matrix, requests: Mapping[str, DataClassTotals]) -> str:
    groups = "".join(
        f'<th colspan="{len(columns)}" class="rs-group-head">{_PLACE_SAID[place]}</th>'
        for place in PLACES
        if (columns := found.at(place))
    )
    names = "".join(f'<th class="n">{plain.html(column.model, NAME)}</th>' for column in found.columns)
    body = "".join(_row(found, data, requests.get(data)) for data in found.classes)
    return (
        '<div class="rs-scroll"><table class="rs-table rs-matrix"><thead>'
        f"<tr><th></th><th></th><th></th>{groups}</tr>"
        f'<tr><th>Data class</th><th class="n">Requests</th><th class="n">Denied</th>{names}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


_PLACE_SAID: Final = {"local": "Local: stays here", "cloud": "Cloud: leaves", "unknown": "Nobody says where"}


def _row(found: Matrix, data: str, totals: DataClassTotals | None) -> str:
    asked, denied = ("0", "0") if totals is None else (units.count(totals.requests), units.count(totals.denied))
    if data and totals is not None:
        asked = _leading(asked, data_class=data)
        denied = _leading(denied, data_class=data, status="denied") if totals.denied else denied
    cells = "".join(_cell(found, data, column) for column in found.columns)
    name = (
        f"<b>{plain.html(data or 'not stated', NAME)}</b>"
        if data in CLASSES
        else plain.html(data or "not stated", NAME)
    )
    return f'<tr><td>{name}</td><td class="n">{asked}</td><td class="n">{denied}</td>{cells}</tr>'


def _cell(found: Matrix, data: str, column: Column) -> str:
    number = found.cells.get((data, column), 0)
    if data not in CLASSES or column.place == "local":
        tone, mark = ("rs-muted", "") if not number else ("", "")
    elif not number:
        tone, mark = "rs-ok", ""
    else:
        tone, mark = ("rs-bad rs-alarm", "▲ ") if column.place == "cloud" else ("rs-warn", "▲ ")
    told = f'<span class="{tone}">{mark}{number:,}</span>'
    if number and data:
        # A filter on models means the one that answered: what a model only tried is found among all of the class.
        only = {"model": column.model} if found.given.get((data, column)) == number else {}
        told = _leading(told, data_class=data, **only)
    return f'<td class="n">{told}</td>'


def _leading(text: str, **narrower: str) -> str:
    """Our own markup as a link to decisions."""
    return f'<a class="rs-open rs-figure" href="{plain.html(navigation.decisions_url(**narrower))}">{text}</a>'
