"""Which attribute fills which column, and how values of any type are read."""

from __future__ import annotations

import pytest

from router_core import semconv
from telemetry import columns
from telemetry.columns import BRANCH_COLUMNS, REQUEST_COLUMNS, cost_of, fill
from telemetry.storage.models import BRANCH, REQUEST


@pytest.mark.parametrize(("known", "table"), [(REQUEST_COLUMNS, REQUEST), (BRANCH_COLUMNS, BRANCH)])
def test_every_attribute_fills_a_column_that_is_there_and_none_is_filled_twice(known, table):
    filled = [found[0] for found in known.values() if found is not None]
    assert set(filled) <= set(table.columns.keys())
    assert len(filled) == len(set(filled))


@pytest.mark.parametrize("nothing", ["", None, [], {}, float("nan"), "text", 10**400, True])
def test_a_number_that_is_none_leaves_its_column_as_it_is(nothing):
    row = {"cost_nano": 7}
    fill(row, {semconv.COST_NANO: nothing}, REQUEST_COLUMNS)
    assert row == {"cost_nano": 7}


def test_zero_is_a_number_and_replaces_what_was_there():
    row = {"cost_nano": None}
    fill(row, {semconv.COST_NANO: 0}, REQUEST_COLUMNS)
    assert row == {"cost_nano": 0}


def test_an_empty_name_says_nothing():
    row = {"tenant": "default"}
    fill(row, {semconv.TENANT: ""}, REQUEST_COLUMNS)
    assert row == {"tenant": "default"}


def test_what_no_column_knows_comes_back_and_content_does_not():
    attributes = {"router.new": 1, semconv.INPUT_MESSAGES: "a secret", semconv.TENANT: "acme"}
    assert fill({}, attributes, REQUEST_COLUMNS) == '{"router.new":1}'
    assert fill({}, {semconv.TENANT: "acme"}, REQUEST_COLUMNS) is None


@pytest.mark.parametrize(
    ("value", "name"), [("a" * 300, "a" * 255), ("a\0b", "a\ufffdb"), (5, "5"), ("größer", "größer")]
)
def test_a_name_is_short_and_clean(value, name):
    assert columns.name(value) == name


def test_the_seconds_of_the_convention_are_the_milliseconds_they_were_made_of():
    assert columns.ms_of_seconds(12.345678 / 1e3) == 12.345678


@pytest.mark.parametrize("currency", ["EUR", "usd", 5])
def test_an_amount_in_another_currency_is_unknown(currency):
    assert cost_of({semconv.COST_AMOUNT: 0.5, semconv.COST_CURRENCY: currency}) is None
    assert cost_of({semconv.COST_AMOUNT: 0.5}) == 500_000_000
