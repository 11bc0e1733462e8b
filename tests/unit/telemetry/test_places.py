from __future__ import annotations

import random

import pytest

from telemetry import histogram
from telemetry.cells import Cell, Cells, by_day, by_level, number_of
from telemetry.levels import FAMILIES, Family
from telemetry.places import Places


def made_up(family: Family, rng: random.Random) -> Cells:
    """Cells by hour over two days."""
    return {
        (
            rng.randrange(48),
            rng.choice(("user", "canary")),
            rng.random() < 0.3,
            *(rng.choice(("", "a", "b")) for _ in family.dimensions),
        ): Cell(
            [rng.randrange(5) for _ in family.sums],
            [{rng.randrange(9): rng.randrange(1, 4)} for _ in family.histograms],
        )
        for _ in range(60)
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_both_tables_get_what_adding_up_level_by_level_gives(family: Family):
    cells = made_up(family, random.Random(5))
    before = {key: Cell(list(cell.sums), [dict(one) for one in cell.histograms]) for key, cell in cells.items()}
    for part, slow in zip(Places(family).parts(cells), (cells, by_day(cells)), strict=True):
        expected = {
            (level, key[0], number_of(key), *key[1:], *cell.sums, *map(histogram.encode, cell.histograms))
            for level, some in by_level(family, part.table, slow).items()
            for key, cell in some.items()
        }
        assert set(part.rows) == expected and len(part.rows) == len(expected)
    assert cells == before, "cells that are shared must not be changed"


def test_the_same_names_at_another_hour_have_places_of_their_own():
    family = FAMILIES[0]
    names = ("user", False, *("a" for _ in family.dimensions))
    cell = Cell([1 for _ in family.sums], [{} for _ in family.histograms])
    hours, days = Places(family).parts({(1, *names): cell, (2, *names): cell})
    assert len(hours.rows) == 2 * len(family.kept_in(family.hours))
    assert len(days.rows) == len(family.levels)
    assert {row[-len(family.histograms) - len(family.sums)] for row in days.rows} == {2}
