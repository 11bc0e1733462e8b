from __future__ import annotations

import pytest

from telemetry.levels import BRANCHES, FAMILIES, REQUESTS, SCORES, Family


@pytest.mark.parametrize("family", FAMILIES)
def test_the_finest_level_keeps_everything_and_comes_last(family: Family):
    assert family.levels[family.finest] == set(family.dimensions)
    assert all(level < family.levels[family.finest] for level in family.coarser)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_level_is_hidden_behind_a_coarser_one_that_has_its_dimensions(family: Family):
    for number, level in enumerate(family.levels):
        assert family.covering(level) == number


@pytest.mark.parametrize("family", FAMILIES)
def test_hours_have_fewer_levels_than_days_and_the_finest_among_them(family: Family):
    hours, days = family.kept_in(family.hours), family.kept_in(family.days)
    assert set(hours) < set(days) == set(range(len(family.levels)))
    assert hours[-1] == days[-1] == family.finest


@pytest.mark.parametrize("family", FAMILIES)
def test_hours_and_days_hold_the_same_columns(family: Family):
    hours, days = ([column.name for column in table.columns] for table in (family.hours, family.days))
    assert [name.replace("hour", "day") for name in hours[:2]] == days[:2] == ["level", "day"]
    assert hours[2:] == days[2:]


def test_a_question_reads_the_coarsest_level_that_knows_what_it_asks_for():
    assert REQUESTS.levels[REQUESTS.covering(())] == set()
    assert REQUESTS.levels[REQUESTS.covering({"purpose", "simulated", "tenant"})] == {"tenant", "route"}
    assert "tenant" in REQUESTS.levels[REQUESTS.covering({"tenant", "chosen"})] != set(REQUESTS.dimensions)
    assert REQUESTS.levels[REQUESTS.covering({"route"}, REQUESTS.hours)] == {"route"}
    assert REQUESTS.covering({"tenant", "route"}, REQUESTS.hours) == REQUESTS.finest
    assert REQUESTS.levels[REQUESTS.covering({"tenant", "route", "intent", "risk", "status"})] < set(
        REQUESTS.dimensions
    )
    assert REQUESTS.covering({"tenant", "policy_version"}) == REQUESTS.finest
    assert BRANCHES.covering({"model", "kind"}) == SCORES.covering({"validator"}) == 0
