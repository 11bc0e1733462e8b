"""Where facts are added up: the places of their cells in all levels of both tables of a family.

The same names come again and again, so what they stand for is remembered: making it costs more than all the rest of
counting a decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from telemetry import histogram
from telemetry.cells import Cell, Cells, number_of, shortened
from telemetry.levels import HOURS_A_DAY, Family
from telemetry.storage.bulk import Part
from telemetry.storage.placed import Place, Values

Names: TypeAlias = tuple[Any, ...]
"""A key without its time."""
Rung: TypeAlias = tuple[int, int, Names]
"""Level, the number that stands for the names, and the names as that level keeps them."""

REMEMBERED = 2048
"""Sets of names, for each family; about 4 KB each."""


class Places:
    """The places of one family."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._hourly = frozenset(family.kept_in(family.hours))
        self._rungs = lru_cache(REMEMBERED)(self._made)

    def parts(self, cells: Cells) -> list[Part]:
        """What the finest cells add to the family's tables: hours, then days."""
        hours, days = _Rows(), _Rows()
        for (hour, *rest), cell in cells.items():
            hourly, daily = self._rungs(tuple(rest))
            day = hour // HOURS_A_DAY
            for level, number, names in hourly:
                hours.add((level, hour, number), names, cell)
            for level, number, names in daily:
                days.add((level, day, number), names, cell)
        family = self._family
        tables = ((family.hours, hours), (family.days, days))
        return [Part(table, family.sums, family.histograms, rows.values()) for table, rows in tables]

    def _made(self, names: Names) -> tuple[Sequence[Rung], Sequence[Rung]]:
        daily = []
        for level in self._family.kept_in(self._family.days):
            key = shortened(self._family, level, (0, *names))
            daily.append((level, number_of(key), key[1:]))
        return tuple(rung for rung in daily if rung[0] in self._hourly), tuple(daily)


class _Rows:
    """Cells by place; those that meet are added up, and what stands alone is shared, not copied."""

    def __init__(self) -> None:
        self._cells: dict[Place, tuple[Names, Cell]] = {}
        self._own: set[Place] = set()

    def add(self, place: Place, names: Names, cell: Cell) -> None:
        there = self._cells.get(place)
        if there is None:
            self._cells[place] = names, cell
        elif place in self._own:
            there[1].add(cell)
        else:
            self._cells[place] = names, there[1].plus(cell)
            self._own.add(place)

    def values(self) -> list[Values]:
        """In the order of the columns."""
        # A lone decision's cell is the same in a dozen places.
        written: dict[int, Values] = {}
        rows: list[Values] = []
        for place, (names, cell) in self._cells.items():
            ends = written.get(id(cell))
            if ends is None:
                ends = written[id(cell)] = (*cell.sums, *map(histogram.encode, cell.histograms))
            rows.append((*place, *names, *ends))
        return rows
