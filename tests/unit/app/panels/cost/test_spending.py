"""Spend by a dimension: stacks, shares, marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.dashboard.price_changes import PolicyChange
from app.panels.cost.prices import last_before, marks, within
from app.panels.cost.spending import STACKED, stacked
from app.panels.cost.spending_table import share, unused_share
from telemetry.query.policies import PolicyText
from telemetry.query.spending import Spending

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def spent(value: str, nano: int | None, *, day: int | None = None, discarded: int | None = 0) -> Spending:
    start = None if day is None else DAY + timedelta(days=day)
    return Spending(value, start, 10, nano, 10 if nano is None else 0, discarded, None, None, 0)


def colours(*rows: Spending) -> dict[str, str]:
    return dict.fromkeys((row.value for row in rows), "#112233")


def test_each_dear_value_is_a_colour_and_the_rest_is_one_together() -> None:
    rows = [spent(f"v{number}", 1_000_000_000 * (20 - number)) for number in range(STACKED + 3)]
    steps = [spent(row.value, 1_000_000_000, day=0) for row in rows]
    found = stacked(rows, steps, [], colours(*rows), "#999999")
    assert [one.name for one in found] == [*(f"v{number}" for number in range(STACKED)), "3 others"]
    assert list(found[-1].points) == [(DAY, 3.0)]
    assert sum(value or 0 for one in found for _, value in one.points) == len(rows)


def test_one_value_more_than_there_are_colours_keeps_its_name() -> None:
    rows = [spent(f"v{number}", 5) for number in range(STACKED + 1)]
    steps = [spent(row.value, 5, day=0) for row in rows]
    assert len(stacked(rows, steps, [], colours(*rows), "#999999")) == STACKED + 1


def test_what_cost_nothing_or_nobody_knows_what_has_no_colour() -> None:
    rows = [spent("paid", 5), spent("free", 0), spent("odd", None)]
    steps = [spent("paid", 5, day=0), spent("free", 0, day=0), spent("odd", None, day=0)]
    assert [one.name for one in stacked(rows, steps, [], colours(*rows), "#999999")] == ["paid"]


def test_what_only_the_period_before_had_counts_in_its_line() -> None:
    rows, gone = [spent("a", 5)], spent("gone", 3_000_000_000, day=-7)
    found = stacked(rows, [spent("a", 5, day=0)], [gone], colours(*rows), "#999999")
    assert [list(one.before) for one in found] == [[], [(DAY - timedelta(days=7), 3.0)]]


def test_a_nameless_value_is_called_none() -> None:
    rows = [spent("", 5)]
    assert [one.name for one in stacked(rows, [spent("", 5, day=0)], [], colours(*rows), "#999999")] == ["none"]


def test_shares_are_of_what_is_known_to_be_spent() -> None:
    rows = [spent("a", 30, discarded=3), spent("b", 10, discarded=None), spent("c", None, discarded=None)]
    assert [share(row, rows) for row in rows] == [0.75, 0.25, None]
    assert [unused_share(row) for row in rows] == [0.1, None, None]
    assert share(spent("a", 0), [spent("a", 0)]) is None


def test_more_unused_than_spent_is_unknown_since_costs_are_missing() -> None:
    assert unused_share(spent("a", 5, discarded=9)) is None


def change(day: int, *prices: str, first: bool = False) -> PolicyChange:
    policy = PolicyText("0123456789abcdef", "main", DAY, "anna", "")
    return PolicyChange(DAY + timedelta(days=day), None if first else policy, policy, prices)


def test_price_changes_stand_out_among_policies_and_the_first_policy_is_no_change() -> None:
    span = (DAY, DAY + timedelta(days=7))
    found = marks([change(0, first=True), change(1), change(2, "price of a: x -> y", "price of b: x -> y")], span)
    assert [(mark.text, mark.tone) for mark in found] == [
        ("policy main, version 0123456789ab", "neutral"),
        ("price of a: x -> y; price of b: x -> y", "warn"),
    ]


def test_what_lies_outside_of_the_axis_is_not_drawn() -> None:
    span = (DAY, DAY + timedelta(days=7))
    assert [one.at for one in within([change(-1), change(0), change(7)], span)] == [DAY]
    assert within([change(1)], None) == []


def test_the_last_price_that_changed_before_the_period_is_told_and_other_policies_are_not() -> None:
    span = (DAY, DAY + timedelta(days=7))
    told = last_before([change(-5, "price of a: x -> y"), change(-2), change(1, "price of b: x -> y")], span)
    assert told == "Before it, on 25 Feb 2026: price of a: x -> y."
    assert last_before([change(-2), change(1, "price of b: x -> y")], span) is None
