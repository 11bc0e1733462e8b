"""State that several processes share, for an event loop: a thread of its own speaks with the database.

What many requests ask for at one moment goes into one transaction. Nobody waits longer than his patience: then the
store counts as away, and until the thread has got through again whoever asks is told so at once. What nobody waits for
(settlements, news) is noted, and written as soon as that is possible.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from router_core.clock import Clock
from router_core.errors import StateBusy, StateUnavailable
from router_core.pricing import Nano
from router_core.state.database import Database
from router_core.state.entries import NS_PER_S, Space
from router_core.state.notes import Notes
from router_core.state.operations import (
    ClaimProbe,
    Count,
    DeleteEntry,
    ForgetEntries,
    GetEntry,
    GiveBackProbe,
    MakeHold,
    Note,
    PutEntry,
    Question,
    ReadAccounts,
    ReadBalances,
    ReadBreakers,
    Settle,
    TakeRate,
    TellBreaker,
)
from router_core.state.store import UNCHECKED, Account, Balance, BreakerNews, Claim, Hold, ProbeAnswer, Shortage

log = logging.getLogger("routescope.state")

PATIENCE_S: Final = 0.05
"""How long an answer may be waited for."""
_BUSY_S: Final = 0.001
"""After which a database that another process held is tried again; it has waited for that process already."""
_AGAIN_S: Final = 0.2
"""After which a database that could not be used is tried again."""
_SWEEP_S: Final = 60.0
_LONGEST_S: Final = 5.0
"""How long a question may wait for the thread to turn to it."""
_CLOSE_S: Final = 3.0
"""How long closing tries to write what is noted."""
_MOST: Final = 300
"""Questions of one transaction: others wait for it."""


@dataclass(slots=True)
class _Asked:
    """One question, and who waits for its answer."""

    question: Question
    answer: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    since: float
    """Monotonic seconds."""
    patience: asyncio.TimerHandle | None = None
    given_up: bool = False
    """Nobody waits any more."""


class _Wake:
    """Has the thread try again."""


class _Close:
    """What the thread is told last."""


@dataclass(slots=True)
class _Desk:
    """What the thread has before it."""

    notes: Notes = field(default_factory=Notes)
    waiting: list[_Asked] = field(default_factory=list)
    closing_since: float | None = None
    not_before: float = 0.0
    """When the database is to be tried again."""
    swept: float = field(default_factory=time.monotonic)


class SharedStore:
    """See `StateStore` and `EntryStore`."""

    def __init__(self, database: Database, clock: Clock, *, patience_s: float = PATIENCE_S) -> None:
        """``patience_s``: how long an answer may be waited for."""
        self._clock = clock
        self.patience_s = patience_s
        self._database = database
        self._away: str | None = None
        """Why the database cannot be used just now."""
        self._working_since: float | None = None
        """When the thread turned to the database, without having got through since; None while it does not try."""
        self._inbox: queue.SimpleQueue[_Asked | Note | _Wake | _Close] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="state", daemon=True)
        self._thread.start()

    @property
    def away(self) -> str | None:
        """Why the database cannot be used just now; None while it can."""
        return self._away

    # --- for the event loop ------------------------------------------------------------------------------------------

    async def balances(self, accounts: Sequence[Account]) -> list[Balance]:
        """See `BudgetStore.balances`."""
        found: list[Balance] = await self._ask(ReadBalances(tuple(accounts)))
        return found

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        """See `BudgetStore.hold`."""
        made: Hold | Shortage = await self._ask(MakeHold(_number(), tuple(claims), nano, expires_ns))
        return made

    def settle(self, hold: Hold, nano: Nano) -> None:
        """See `BudgetStore.settle`."""
        if hold.number == UNCHECKED:
            self._inbox.put(Count(_number(), hold.accounts, nano))
        else:
            self._inbox.put(Settle(hold.number, nano))

    async def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """See `BudgetStore.accounts`."""
        found: list[tuple[Account, Balance]] = await self._ask(ReadAccounts(prefix, period, limit))
        return found

    async def take(self, name: str, per_minute: int) -> float:
        """See `RateStore.take`."""
        wait_s: float = await self._ask(TakeRate(name, per_minute))
        return wait_s

    async def get(self, space: Space, key: bytes) -> bytes | None:
        """See `EntryStore.get`."""
        found: bytes | None = await self._ask(GetEntry(space.name, key))
        return found

    async def put(self, space: Space, key: bytes, value: bytes, ttl_s: float, owners: Collection[str]) -> None:
        """See `EntryStore.put`. Does not wait: what cannot be written is something that one can do without."""
        expires_ns = self._clock.time_ns() + round(ttl_s * NS_PER_S)
        self._inbox.put(PutEntry(space, key, value, expires_ns, tuple(owners)))

    async def delete(self, space: Space, key: bytes) -> None:
        """See `EntryStore.delete`. Does not wait, and does not forget to do it."""
        self._inbox.put(DeleteEntry(space, key))

    async def forget(self, owners: Collection[str]) -> int:
        """See `EntryStore.forget`."""
        count: int = await self._ask(ForgetEntries(tuple(owners)))
        return count

    def tell(self, news: BreakerNews) -> None:
        """See `BreakerStore.tell`."""
        self._inbox.put(TellBreaker(news))

    async def news(self) -> list[BreakerNews]:
        """See `BreakerStore.news`."""
        found: list[BreakerNews] = await self._ask(ReadBreakers())
        return found

    async def claim_probe(self, name: str, teller: str, until_ns: int) -> ProbeAnswer:
        """See `BreakerStore.claim_probe`."""
        answer: ProbeAnswer = await self._ask(ClaimProbe(name, teller, until_ns))
        return answer

    def give_back_probe(self, name: str, teller: str) -> None:
        """See `BreakerStore.give_back_probe`."""
        self._inbox.put(GiveBackProbe(name, teller))

    def close(self) -> None:
        """See `StateStore.close`."""
        self._inbox.put(_Close())
        self._thread.join(_CLOSE_S + 2.0)

    async def _ask(self, question: Question) -> Any:
        if self._away is not None:
            raise StateUnavailable(self._away)
        loop = asyncio.get_running_loop()
        asked = _Asked(question, loop.create_future(), loop, time.monotonic())
        asked.patience = loop.call_later(self.patience_s, self._give_up, asked)
        self._inbox.put(asked)
        try:
            return await asked.answer
        finally:
            asked.given_up = True
            asked.patience.cancel()

    def _give_up(self, asked: _Asked) -> None:
        """Whoever asks has waited long enough. Those after him do not wait until the thread has got through."""
        if asked.answer.done():
            return
        if (left_s := self._patience_left_s(asked)) > 0:
            asked.patience = asked.loop.call_later(left_s, self._give_up, asked)
            return
        if self._away is None:
            self._away = f"the shared state did not answer within {self.patience_s * 1e3:,.0f} ms"
            log.warning("%s; until it does, requests go on without it or are refused, as the policy says", self._away)
        asked.answer.set_exception(StateUnavailable(self._away))
        self._inbox.put(_Wake())

    def _patience_left_s(self, asked: _Asked) -> float:
        """How much longer to wait: a thread that has had no turn on a busy machine says nothing of the database."""
        now, since = time.monotonic(), self._working_since
        if now - asked.since >= _LONGEST_S:
            return 0.0
        return self.patience_s if since is None else since + self.patience_s - now

    def _deliver(self, pairs: Sequence[tuple[_Asked, Any]]) -> None:
        for asked, answer in pairs:
            if asked.answer.done():
                self._undo(asked, answer)
            elif isinstance(answer, Exception):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)

    def _undo(self, asked: _Asked, answer: Any) -> None:
        """An answer that came too late binds nobody."""
        if isinstance(answer, Hold):
            self._inbox.put(Settle(answer.number, 0))
        elif isinstance(asked.question, ClaimProbe) and isinstance(answer, ProbeAnswer) and answer.granted:
            self._inbox.put(GiveBackProbe(asked.question.name, asked.question.teller))

    # --- the thread --------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        desk = _Desk()
        while True:
            self._gather(desk)
            desk.waiting = [asked for asked in desk.waiting if not asked.given_up]
            undone = desk.notes or desk.waiting or self._away is not None
            if undone and time.monotonic() >= desk.not_before:
                self._transact(desk)
            if desk.closing_since is not None and self._may_end(desk):
                break
            if time.monotonic() - desk.swept >= _SWEEP_S:
                desk.swept = time.monotonic()
                self._sweep()
        self._away = "the shared state is closed"
        self._answer([(asked, StateUnavailable(self._away)) for asked in desk.waiting])
        self._database.close()

    def _gather(self, desk: _Desk) -> None:
        """All that has come; waits for the first of it, but not when something is to be tried again."""
        undone = bool(desk.notes or desk.waiting) or self._away is not None or desk.closing_since is not None
        timeout = max(desk.not_before - time.monotonic(), 0.0) if undone else _SWEEP_S
        try:
            while len(desk.waiting) < _MOST:
                item = self._inbox.get(timeout=timeout)
                timeout = 0
                if isinstance(item, _Asked):
                    desk.waiting.append(item)
                elif isinstance(item, _Close):
                    desk.closing_since = time.monotonic()
                elif not isinstance(item, _Wake):
                    desk.notes.add(item)
        except queue.Empty:
            pass

    def _transact(self, desk: _Desk) -> None:
        asked, notes = desk.waiting, desk.notes.to_write()
        if self._working_since is None:
            self._working_since = time.monotonic()
        try:
            answers = self._database.carry_out(notes, [one.question for one in asked])
        except StateBusy:
            desk.not_before = time.monotonic() + _BUSY_S
            return  # whoever has patience left is answered by the next try
        except StateUnavailable as error:
            self._working_since = None
            self._is_away(str(error))
            desk.waiting = []
            # Should the transaction have happened all the same, nobody may pay for it.
            for one in asked:
                if isinstance(one.question, MakeHold):
                    desk.notes.add(Settle(one.question.number, 0))
            self._answer([(one, StateUnavailable(str(error))) for one in asked])
            desk.not_before = time.monotonic() + _AGAIN_S
            return
        except Exception as error:  # noqa: BLE001 (the edge of a thread: without it nobody would be answered again)
            self._working_since = None
            log.error("the shared state raised %s: %s", type(error).__name__, error)
            desk.waiting, desk.notes = [], Notes()
            self._answer([(one, StateUnavailable("the shared state is at fault; see the log")) for one in asked])
            return
        self._working_since = None
        desk.notes.written(notes)
        desk.waiting = []
        if self._away is not None:
            log.warning("the shared state is there again")
            self._away = None
        self._answer(list(zip(asked, answers, strict=True)))

    def _answer(self, pairs: list[tuple[_Asked, Any]]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Asked, Any]]] = {}
        for asked, answer in pairs:
            by_loop.setdefault(asked.loop, []).append((asked, answer))
        for loop, some in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._deliver, some)
            except RuntimeError:  # it is closed
                for asked, answer in some:
                    self._undo(asked, answer)

    def _is_away(self, why: str) -> None:
        if self._away is None:
            log.warning("%s; until then requests go on without it or are refused, as the policy says", why)
        self._away = why

    def _may_end(self, desk: _Desk) -> bool:
        assert desk.closing_since is not None
        if not desk.notes and self._inbox.empty():
            return True
        if time.monotonic() - desk.closing_since < _CLOSE_S:
            return False
        log.warning("%d things that others should know of could not be written", len(desk.notes))
        return True

    def _sweep(self) -> None:
        with suppress(StateUnavailable):  # next time
            self._database.sweep()


def _number() -> int:
    """Of a hold, unlike all others of any process."""
    return int.from_bytes(os.urandom(8), "big") >> 2 or 1
