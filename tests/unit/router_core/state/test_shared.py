"""What an event loop gets of a database that is slow, busy, away, or there again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from router_core.clock import ManualClock
from router_core.errors import StateBusy, StateUnavailable
from router_core.state.operations import MakeHold, Note, Question, Settle
from router_core.state.shared import SharedStore
from router_core.state.store import UNCHECKED, Account, Balance, Claim, Hold
from tests.state import PATIENCE_S, balance

TEAM = Account("team", "2026-11")
FAR = 2**62


class Slow:
    """A database in memory that can be held up, and be away."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.trouble: StateUnavailable | None = None
        self.after_commit: StateUnavailable | None = None
        """Raised though the transaction happened: the connection was lost meanwhile."""
        self.held: dict[int, int] = {}
        self.spent = 0
        self.batches: list[tuple[Sequence[Note], Sequence[Question]]] = []

    def carry_out(self, notes: Sequence[Note], questions: Sequence[Question]) -> list[Any]:
        self.free.wait(PATIENCE_S)
        if self.trouble is not None:
            raise self.trouble
        self.batches.append((tuple(notes), tuple(questions)))
        for note in notes:
            if isinstance(note, Settle):
                self.spent += note.nano if self.held.pop(note.number, None) is not None else 0
        answers = [self._answer(question) for question in questions]
        if self.after_commit is not None:
            error, self.after_commit = self.after_commit, None
            raise error
        return answers

    def _answer(self, question: Question) -> Any:
        if isinstance(question, MakeHold):
            self.held[question.number] = question.nano
            return Hold(question.number, tuple(claim.account for claim in question.claims), question.nano)
        return [Balance(self.spent, sum(self.held.values()))]

    def sweep(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def database() -> Slow:
    return Slow()


@pytest.fixture
def store(database: Slow) -> Iterator[SharedStore]:
    made = SharedStore(database, ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), patience_s=PATIENCE_S)
    yield made
    database.free.set()
    made.close()


async def until_nothing_is_away(store: SharedStore) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while store.away is not None:
            await asyncio.sleep(0.005)


async def test_what_is_asked_while_the_database_works_goes_into_one_transaction(
    store: SharedStore, database: Slow
) -> None:
    database.free.clear()
    first = asyncio.create_task(store.hold([Claim(TEAM, None)], 1, FAR))
    await asyncio.sleep(0)
    others = [asyncio.create_task(store.hold([Claim(TEAM, None)], 1, FAR)) for _ in range(50)]
    await asyncio.sleep(0)
    database.free.set()
    await asyncio.gather(first, *others)
    assert len(database.batches) <= 3


async def test_nobody_waits_longer_than_his_patience_and_those_after_him_not_at_all(
    store: SharedStore, database: Slow
) -> None:
    database.free.clear()
    store.patience_s = 0.01
    with pytest.raises(StateUnavailable, match="did not answer within 10 ms"):
        await store.hold([Claim(TEAM, None)], 5, FAR)
    store.patience_s = PATIENCE_S
    with pytest.raises(StateUnavailable):
        await store.hold([Claim(TEAM, None)], 5, FAR)  # were it to wait, the test would not end
    database.free.set()
    await until_nothing_is_away(store)
    assert await balance(store, TEAM) == Balance(0, 0)  # nobody pays for a hold that came too late


async def test_a_request_that_is_cancelled_while_it_waits_holds_nothing(store: SharedStore, database: Slow) -> None:
    database.free.clear()
    asking = asyncio.create_task(store.hold([Claim(TEAM, None)], 5, FAR))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    database.free.set()
    async with asyncio.timeout(PATIENCE_S):
        while await balance(store, TEAM) != Balance(0, 0):
            await asyncio.sleep(0.005)


async def test_a_database_that_is_busy_is_asked_again_as_long_as_somebody_waits(
    store: SharedStore, database: Slow
) -> None:
    database.trouble = StateBusy("another process writes")
    asking = asyncio.create_task(store.hold([Claim(TEAM, None)], 5, FAR))
    await asyncio.sleep(0.02)
    assert not asking.done()
    database.trouble = None
    assert isinstance(await asking, Hold)


async def test_settlements_wait_for_a_database_that_is_away_and_count_once(store: SharedStore, database: Slow) -> None:
    hold = await store.hold([Claim(TEAM, None)], 5, FAR)
    assert isinstance(hold, Hold)
    database.trouble = StateUnavailable("the disk is gone")
    store.settle(hold, 3)
    store.settle(hold, 5)
    with pytest.raises(StateUnavailable, match="the disk is gone"):
        await balance(store, TEAM)
    database.trouble = None
    await until_nothing_is_away(store)
    assert await balance(store, TEAM) == Balance(3, 0)


async def test_a_hold_whose_transaction_s_end_is_unknown_is_given_back(store: SharedStore, database: Slow) -> None:
    database.after_commit = StateUnavailable("the connection was lost")
    with pytest.raises(StateUnavailable, match="the connection was lost"):
        await store.hold([Claim(TEAM, None)], 5, FAR)
    await until_nothing_is_away(store)
    assert await balance(store, TEAM) == Balance(0, 0)


async def test_what_was_spent_unchecked_keeps_its_number_until_it_is_known_to_be_written(
    store: SharedStore, database: Slow
) -> None:
    database.after_commit = StateUnavailable("the connection was lost")
    store.settle(Hold(UNCHECKED, (TEAM,), 9), 4)
    async with asyncio.timeout(PATIENCE_S):
        while len([notes for notes, _ in database.batches if notes]) < 2:
            await asyncio.sleep(0.005)
    first, second = (notes for notes, _ in database.batches if notes)
    assert first == second


async def test_what_is_noted_is_written_before_the_store_closes(database: Slow) -> None:
    store = SharedStore(database, ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), patience_s=PATIENCE_S)
    hold = await store.hold([Claim(TEAM, None)], 5, FAR)
    assert isinstance(hold, Hold)
    store.settle(hold, 3)
    store.close()
    assert (database.spent, database.held) == (3, {})
    with pytest.raises(StateUnavailable, match="closed"):
        await balance(store, TEAM)


async def test_a_fault_of_the_database_s_own_code_answers_whoever_waits(
    store: SharedStore, database: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(notes: object, questions: object) -> list[Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(database, "carry_out", faulty)
    with pytest.raises(StateUnavailable, match="at fault"):
        await balance(store, TEAM)
    monkeypatch.undo()
    assert await balance(store, TEAM) == Balance(0, 0)
