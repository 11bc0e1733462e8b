from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.dearest import KEPT
from telemetry.query.dearest import most_expensive
from telemetry.query.filters import Filters, on_facts
from telemetry.storage.engine import add, open_engine, open_reader, reading
from telemetry.storage.models import REQUEST
from telemetry.storage.writer import write_bundles
from tests.contract.test_storage import bundle_of_one
from tests.traces import START, Attempt, Routed

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Three days of 100 requests; acme's are a tenth of them, and cheap."""
    folder: Path = tmp_path_factory.mktemp("dearest")
    rng = random.Random(5)
    bundles = []
    for number in range(300):
        tenant = "acme" if number % 10 == 0 else "default"
        cost = rng.randrange(1, 100) if tenant == "acme" else rng.randrange(100, 10_000)
        at = START.replace(hour=0, minute=0) + DAY * (number % 3) + timedelta(minutes=number * 4)
        model = rng.choice(("small", "large"))
        attempt = Attempt(model, cost_nano=None if number == 7 else cost)
        simulated = number % 50 == 49
        routed = Routed(f"d{number:04}", at, (attempt,), tenant=tenant, intent=rng.choice("abc"), simulated=simulated)
        bundles.append(bundle_of_one(routed))
    engine = open_engine(f"sqlite:///{folder / 't.db'}")
    add(engine, lambda connection: write_bundles(connection, bundles))
    yield open_reader(f"sqlite:///{folder / 't.db'}")


def by_reading(engine: sa.Engine, filters: Filters, limit: int) -> list[tuple[str, int]]:
    """The same from the facts, which no page does."""
    columns = REQUEST.c
    found = sa.select(columns.decision_id, columns.cost_nano).where(*on_facts(REQUEST, "chosen", filters))
    with reading(engine) as connection:
        dearest = found.where(columns.cost_nano > 0).order_by(columns.cost_nano.desc(), columns.ts)
        return [tuple(row) for row in connection.execute(dearest.limit(limit))]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(tenants=("acme",)),
        Filters(tenants=("acme", "default")),
        Filters(models=("small",), simulated=False),
        Filters(intents=("a", "b"), start=START.replace(hour=0, minute=0) + DAY),
        Filters(simulated=True),
        Filters(purposes=()),
        Filters(tenants=("nobody",)),
        Filters(end=START.replace(hour=0, minute=0) + DAY),
    ],
)
def test_under_one_filter_the_dearest_are_found_and_all_of_them(store: sa.Engine, filters: Filters):
    found = most_expensive(store, filters)
    assert [(row.decision_id, row.cost_nano) for row in found.rows] == by_reading(store, filters, 10)
    assert found.complete or len(found.rows) < 10


@pytest.mark.parametrize(
    "filters",
    [
        Filters(tenants=("acme",), intents=("a",), models=("large",)),
        Filters(start=START + timedelta(hours=3), end=START + timedelta(hours=9)),
        Filters(intents=("b",), risks=("low",), statuses=("ok",), start=START + timedelta(hours=5)),
        Filters(risks=("high",)),
        Filters(tenants=("default",), policy_version="v2"),
    ],
)
def test_what_is_said_to_be_complete_is(store: sa.Engine, filters: Filters):
    found = most_expensive(store, filters, 5)
    expected = by_reading(store, filters, 5)
    shown = [(row.decision_id, row.cost_nano) for row in found.rows]
    if found.complete:
        assert shown == expected
    assert set(shown) <= set(by_reading(store, filters, 300)), "nothing is shown that does not fit"


def test_a_list_that_cannot_know_says_so(store: sa.Engine):
    none_high = most_expensive(store, Filters(risks=("high",)))
    assert (none_high.rows, none_high.complete) == ([], False)
    empty_day = most_expensive(store, Filters(end=START - DAY))
    assert (empty_day.rows, empty_day.complete) == ([], True)


def test_no_more_are_given_than_are_kept(store: sa.Engine):
    assert len(most_expensive(store, Filters(), 500).rows) == KEPT


def test_an_empty_store_has_none(empty: sa.Engine):
    found = most_expensive(empty, Filters())
    assert (found.rows, found.complete) == ([], True)
