from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.dearest import KEPT, LEVELS
from telemetry.erasure import Trace, erase
from telemetry.retention import prune
from telemetry.rows import Bundle
from telemetry.storage.engine import add, open_engine
from telemetry.storage.models import REQUEST
from telemetry.storage.rollups import TOP_COST
from telemetry.storage.writer import write_bundles
from tests.contract.test_storage import bundle_of_one
from tests.traces import START, Attempt, Routed


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 't.db'}")


def routed(number: int, cost: int | None, **more: Any) -> Routed:
    return Routed(f"d{number:04}", attempts=(Attempt(cost_nano=cost),), **more)


def write(engine: sa.Engine, bundles: Iterable[Bundle], size: int = 7) -> None:
    some = list(bundles)
    for start in range(0, len(some), size):
        batch = some[start : start + size]
        add(engine, lambda connection, batch=batch: write_bundles(connection, batch))  # type: ignore[misc]


def listed(engine: sa.Engine, level: int = 0) -> list[tuple[str, int]]:
    """The decisions of a level's lists and their costs, the dearest first."""
    columns = TOP_COST.c
    with engine.connect() as connection:
        found = sa.select(columns.decision_id, columns.cost_nano).where(columns.level == level)
        return [tuple(row) for row in connection.execute(found.order_by(columns.cost_nano.desc(), columns.span_id))]


def everything(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(TOP_COST).order_by(*TOP_COST.primary_key)))


def test_of_a_day_the_dearest_are_kept_in_whatever_order_they_come(engine: sa.Engine):
    costs = random.Random(3).sample(range(1, 10_000), 60)
    write(engine, (bundle_of_one(routed(number, cost)) for number, cost in enumerate(costs)))
    assert [cost for _, cost in listed(engine)] == sorted(costs, reverse=True)[:KEPT]


def test_what_costs_nothing_or_nobody_knows_is_in_no_list(engine: sa.Engine):
    write(engine, map(bundle_of_one, (routed(1, 0), routed(2, None), routed(3, 5))))
    assert listed(engine) == [("d0003", 5)]


def test_each_tenant_route_intent_and_model_has_a_list_of_its_own(engine: sa.Engine):
    many = [routed(number, 1_000 + number, tenant="big") for number in range(KEPT + 5)]
    write(engine, map(bundle_of_one, [*many, routed(99, 3, tenant="small", route="r", intent="i")]))
    assert ("d0099", 3) not in listed(engine, 0)
    for level, name in enumerate(LEVELS[1:4], 1):
        assert ("d0099", 3) in listed(engine, level), name
    assert ("d0099", 3) not in listed(engine, 4), "the same model answered the others"


def test_purposes_and_simulated_decisions_do_not_crowd_out_others(engine: sa.Engine):
    many = [routed(number, 1_000 + number, simulated=True) for number in range(KEPT)]
    many += [routed(100 + number, 1_000 + number, purpose="canary") for number in range(KEPT)]
    write(engine, map(bundle_of_one, [*many, routed(999, 3)]))
    assert ("d0999", 3) in listed(engine)


def test_each_day_has_its_own(engine: sa.Engine):
    days = (timedelta(), timedelta(days=1))
    write(engine, (bundle_of_one(routed(n, n + 1, at=START + days[n % 2])) for n in range(2 * KEPT + 10)))
    assert len(listed(engine)) == 2 * KEPT


def test_equal_costs_are_settled_alike_by_writing_and_rebuilding(engine: sa.Engine):
    write(engine, (bundle_of_one(routed(number, 7)) for number in range(50)), size=3)
    live = everything(engine)
    rollup.rebuild(engine)
    assert everything(engine) == live and len(live) == KEPT * len(LEVELS)


def test_of_equal_costs_the_earlier_are_kept_in_whatever_order_they_come(engine: sa.Engine):
    """So a model of one price does not change the lists with each of its decisions."""
    numbers = random.Random(5).sample(range(3 * KEPT), 3 * KEPT)
    write(engine, (bundle_of_one(routed(number, 7, at=START + timedelta(seconds=number))) for number in numbers))
    assert {name for name, _ in listed(engine)} == {f"d{number:04}" for number in range(KEPT)}
    live = everything(engine)
    rollup.rebuild(engine)
    assert everything(engine) == live


def test_those_that_come_next_move_up_when_a_decision_is_erased(engine: sa.Engine, tmp_path: Path):
    bundles = [bundle_of_one(routed(number, 100 + number)) for number in range(KEPT + 3)]
    write(engine, bundles)
    erase(engine, tmp_path / "spool", Trace(f"d{KEPT + 2:04}"))
    assert [cost for _, cost in listed(engine)] == list(range(100 + KEPT + 1, 101, -1))
    live = everything(engine)
    rollup.rebuild(engine)
    assert everything(engine) == live


def test_lists_of_pruned_days_stay_and_lose_an_erased_tenant_all_the_same(engine: sa.Engine):
    old = [routed(number, 100 + number, tenant="ab"[number % 2]) for number in range(4)]
    write(engine, map(bundle_of_one, [*old, routed(9, 1, at=START + timedelta(days=3))]))
    prune(engine, keep_days=1, keep_content_days=None, now=START + timedelta(days=3))
    assert len(listed(engine)) == 5
    rollup.rebuild(engine)
    assert len(listed(engine)) == 5, "days whose rows are gone are left alone"
    with engine.begin() as connection:
        rollup.forget_tenant(connection, "a")
        assert connection.scalar(sa.select(sa.func.count()).select_from(REQUEST)) == 1
    assert [name for name, _ in listed(engine)] == ["d0003", "d0001", "d0009"]
