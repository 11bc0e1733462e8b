"""By which sets of dimensions facts are added up, and which set answers a question.

A family is one kind of fact with its two tables, by hour and by day. Its levels are sets of dimensions, from coarse to
fine; the last keeps them all. Every level holds every fact, so all levels have the same totals. A level more makes
writing dearer and the questions that it covers cheaper. By hour there are fewer, because hours are read for a day or
two at most: at the edges of a period, and for courses by the hour.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from telemetry.storage.rollups import (
    BRANCH_DAY,
    BRANCH_HOUR,
    REQUEST_DAY,
    REQUEST_HOUR,
    SCORE_DAY,
    SCORE_HOUR,
    VERDICT_DAY,
    VERDICT_HOUR,
)

ALWAYS = ("purpose", "simulated")
"""Kept by every level: every question has an opinion about them."""
HOURS_A_DAY = 24


@dataclass(frozen=True)
class Family:
    """One kind of fact."""

    hours: sa.Table
    days: sa.Table
    model: str
    """The column that a filter on models means."""
    coarser: tuple[frozenset[str], ...]
    """Sets of dimensions, none after one that has all of its own."""
    hourly: frozenset[int]
    """The numbers of those that are kept by hour too; the others are by day alone."""

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """All there are, in the order of the columns."""
        return tuple(name for name in self._own if name not in (*self.sums, *self.histograms, *ALWAYS))

    @cached_property
    def sums(self) -> tuple[str, ...]:
        """The columns that hold integers to be added up."""
        return tuple(name for name in self._own if isinstance(self.hours.c[name].type, sa.BigInteger))

    @cached_property
    def histograms(self) -> tuple[str, ...]:
        """The columns that hold histograms."""
        return tuple(name for name in self._own if name.endswith("_hist"))

    @cached_property
    def levels(self) -> tuple[frozenset[str], ...]:
        """The dimensions that each level keeps; the last keeps all."""
        return (*self.coarser, frozenset(self.dimensions))

    @property
    def finest(self) -> int:
        """The number of the level that keeps every dimension."""
        return len(self.coarser)

    def kept_in(self, table: sa.Table) -> list[int]:
        """The numbers of a table's levels, the finest last."""
        everything = range(len(self.levels))
        return [number for number in everything if table is self.days or number in {*self.hourly, self.finest}]

    def covering(self, names: Collection[str], table: sa.Table | None = None) -> int:
        """The number of the coarsest level of a table (that of days) that keeps all these columns.

        Those that every level keeps may be among them.
        """
        wanted = set(names) - set(ALWAYS)
        levels = self.kept_in(self.days if table is None else table)
        return next(number for number in levels if wanted <= self.levels[number])

    @property
    def _own(self) -> list[str]:
        return [column.name for column in self.hours.columns if not column.primary_key]


def _levels(*groups: str, base: str = "") -> tuple[frozenset[str], ...]:
    return tuple(frozenset(f"{group} {base}".split()) for group in groups)


_WAY = "first chosen chosen_kind"
_FLOW = f"intent {_WAY}"
_FEW = "risk data_class source policy_version status error_type"
"""Names of which there are few, so that one level serves for each of them."""
_ASKED = "tenant route intent risk status"
"""What people narrow their view by, when they narrow it by several things at once."""
_TRIED = "model kind tier location"
_SCORED = "validator threshold model kind"
_RULED = "rule outcome"

REQUESTS = Family(
    REQUEST_HOUR,
    REQUEST_DAY,
    "chosen",
    _levels(
        *("", "route", "intent", _WAY, _FEW, "tenant route", "tenant intent", _FLOW, f"{_FEW} {_WAY}"),
        *(f"tenant {_FLOW}", f"route {_FLOW}", _ASKED, "tenant data_class source status"),
    ),
    hourly=frozenset({0, 1, 7, 9}),
)
BRANCHES = Family(
    BRANCH_HOUR,
    BRANCH_DAY,
    "model",
    _levels(
        *("", _FEW, "tenant error_type", "route error_type", "tenant intent", "tenant route"),
        "tenant data_class source",
        base=_TRIED,
    ),
    hourly=frozenset({0, 2}),
)
SCORES = Family(
    SCORE_HOUR,
    SCORE_DAY,
    "model",
    _levels("", "tenant route", "tenant intent", base=_SCORED),
    hourly=frozenset({0}),
)
VERDICTS = Family(
    VERDICT_HOUR,
    VERDICT_DAY,
    "chosen",
    _levels("", "risk data_class source policy_version status", "tenant route", base=_RULED),
    hourly=frozenset({0}),
)

FAMILIES = (REQUESTS, BRANCHES, SCORES, VERDICTS)
