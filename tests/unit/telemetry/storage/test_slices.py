"""Long work in short transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.errors import DatabaseBusy
from telemetry.storage.engine import open_engine
from telemetry.storage.slices import FIRST, HOLD_S, LEAST, MOST, REST_S, Slices


class Machine:
    """A clock that moves as the work says, and a record of the rests."""

    def __init__(self, seconds_an_item: float) -> None:
        self.seconds_an_item = seconds_an_item
        self.now = 0.0
        self.sizes: list[int] = []
        self.rests: list[float] = []

    def delete(self, _: sa.Connection, some: Sequence[int]) -> Counter[str]:
        self.sizes.append(len(some))
        self.now += len(some) * self.seconds_an_item
        return Counter({"request": len(some)})

    def over(self, engine: sa.Engine) -> Slices:
        return Slices(engine, clock=lambda: self.now, sleep=self.rests.append)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 'a.db'}")


def test_every_item_is_worked_on_once_and_counted(engine: sa.Engine) -> None:
    machine = Machine(0.001)
    assert machine.over(engine).work(range(1000), machine.delete) == {"request": 1000}
    assert sum(machine.sizes) == 1000


def test_on_a_slow_machine_slices_shrink_until_they_fit(engine: sa.Engine) -> None:
    machine = Machine(HOLD_S / 10)
    slices = machine.over(engine)
    slices.work(range(400), machine.delete)
    assert machine.sizes[0] == FIRST
    assert all(size <= 11 for size in machine.sizes[3:])
    assert slices.size <= 11


def test_on_a_quick_machine_slices_grow_to_a_bound(engine: sa.Engine) -> None:
    machine = Machine(1e-7)
    machine.over(engine).work(range(10_000), machine.delete)
    assert max(machine.sizes) == MOST


def test_a_slice_never_becomes_so_small_that_nothing_gets_done(engine: sa.Engine) -> None:
    machine = Machine(1.0)
    machine.over(engine).work(range(100), machine.delete)
    assert machine.sizes[-2:] == [LEAST, LEAST]


def test_nothing_is_held_between_two_slices_for_longer_than_a_writer_sleeps(engine: sa.Engine) -> None:
    machine = Machine(0.001)
    machine.over(engine).work(range(200), machine.delete)
    assert machine.rests == [REST_S] * len(machine.sizes)


def test_the_longest_transaction_is_known(engine: sa.Engine) -> None:
    machine = Machine(0.001)
    slices = machine.over(engine)
    slices.work(range(200), machine.delete)
    assert slices.longest_s == pytest.approx(max(machine.sizes) * 0.001)
    assert slices.number == len(machine.sizes)


def test_a_slice_that_fails_is_undone_and_those_before_it_stay(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE item (number INTEGER)"))
        connection.execute(sa.text("INSERT INTO item VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)"))
    slices = Slices(engine, sleep=lambda _: None)
    slices.size = 4

    def delete(connection: sa.Connection, some: Sequence[int]) -> Counter[str]:
        connection.execute(
            sa.text("DELETE FROM item WHERE number BETWEEN :low AND :high"), {"low": some[0], "high": some[-1]}
        )
        if 9 in some:
            raise RuntimeError("the power is gone")
        return Counter()

    with pytest.raises(RuntimeError):
        slices.work(range(10), delete)
    with engine.connect() as connection:
        left = connection.scalars(sa.text("SELECT number FROM item ORDER BY number")).all()
    assert left and left[-1] == 9
    assert 0 not in left


def test_a_database_that_another_process_holds_is_one_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    holder, engine = open_engine(url), open_engine(url, busy_timeout_ms=20)
    machine = Machine(0.001)
    with holder.begin(), pytest.raises(DatabaseBusy, match="another process holds the database"):
        machine.over(engine).work(range(10), machine.delete)
