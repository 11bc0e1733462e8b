"""Accounts in an SQLite file: for several processes of one machine, and there again after a restart.

Writes are single short transactions that lock from their first statement: one that reads first and then writes would
fail at once when another writes in between. In an event loop no write may wait for long: a hold that finds the file
locked says so and is asked for again, a settlement is noted and made good with the next write, or a little later.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from router_core.clock import Clock
from router_core.errors import StateBusy, StateUnavailable
from router_core.pricing import Nano
from router_core.state.store import Account, Balance, Claim, Hold

log = logging.getLogger("routescope.ledger")

LOOP_WAIT_S: Final = 0.02
"""How long a write may hold up an event loop."""
_PATIENCE_S: Final = 2.0
"""How long opening and closing wait for another process's write."""
_AGAIN_S: Final = 0.05
"""After which a settlement that found the file locked is tried again."""
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS account (
    name TEXT NOT NULL, period TEXT NOT NULL, spent INTEGER NOT NULL, PRIMARY KEY (name, period)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hold (
    number INTEGER PRIMARY KEY AUTOINCREMENT, nano INTEGER NOT NULL, expires INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_hold_expires ON hold (expires);
CREATE TABLE IF NOT EXISTS held (
    name TEXT NOT NULL, period TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (name, period, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_held_number ON held (number);
"""
_ACCOUNTS: Final = """
SELECT name, sum(spent), sum(held) FROM (
    SELECT name, spent, 0 AS held FROM account WHERE name >= ? AND name < ? AND period = ?
    UNION ALL
    SELECT name, 0, nano FROM held JOIN hold USING (number) WHERE name >= ? AND name < ? AND period = ?
) GROUP BY name ORDER BY sum(spent) + sum(held) DESC, name LIMIT ?
"""


class SqliteStore:
    """See `StateStore`. One object for one thread; each process has its own."""

    def __init__(self, file: Path, clock: Clock, *, wait_s: float = _PATIENCE_S) -> None:
        """Open the file, and make it when it is not there.

        ``wait_s``: how long a write waits for another process's; `LOOP_WAIT_S` for a store that an event loop uses.

        Raises:
            StateUnavailable
        """
        self._file = file
        self._clock = clock
        self._late: dict[int, tuple[Hold, Nano]] = {}
        """Settlements that found the file locked; they count here, and stand in it later."""
        self._again: asyncio.TimerHandle | None = None
        with self._saying_what_failed():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_TABLES)
            self._wait(wait_s)

    def balance(self, account: Account) -> Balance:
        """See `StateStore.balance`."""
        with self._saying_what_failed():
            known = self._balance(account)
        return self._with_late(account, known)

    def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Claim:
        """See `StateStore.hold`."""
        with self._saying_what_failed(), self._transaction() as run:
            self._make_good()
            self._expire()
            for claim in claims:
                if claim.limit is not None and self._balance(claim.account).total + nano > claim.limit:
                    return claim
            number = run.execute("INSERT INTO hold (nano, expires) VALUES (?, ?)", (nano, expires_ns)).lastrowid
            assert number is not None
            accounts = tuple(claim.account for claim in claims)
            rows = [(account.name, account.period, number) for account in accounts]
            run.executemany("INSERT OR IGNORE INTO held VALUES (?, ?, ?)", rows)
        return Hold(number, accounts, nano)

    def settle(self, hold: Hold, nano: Nano) -> None:
        """See `StateStore.settle`."""
        self._late.setdefault(hold.number, (hold, nano))
        self._catch_up()

    def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """See `StateStore.accounts`."""
        # A range of names, which the primary keys answer; LIKE would read all periods there ever were.
        names = (prefix, prefix + "\U0010ffff", period)
        with self._saying_what_failed():
            rows = self._connection.execute(_ACCOUNTS, (*names, *names, limit)).fetchall()
        found = [(Account(name, period), Balance(spent, held)) for name, spent, held in rows]
        return [(account, self._with_late(account, known)) for account, known in found]

    def close(self) -> None:
        """See `StateStore.close`. What is settled and not yet in the file gets there, if that is possible."""
        if self._again is not None:
            self._again.cancel()
        try:
            if self._late:
                self._wait(_PATIENCE_S)
                self._write_late()
        except (StateUnavailable, sqlite3.Error) as error:
            log.warning("%d holds could not be settled: %s", len(self._late), error)
        finally:
            self._connection.close()

    def _wait(self, seconds: float) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    # --- settlements -------------------------------------------------------------------------------------------------

    def _with_late(self, account: Account, known: Balance) -> Balance:
        late = [(hold.nano, nano) for hold, nano in self._late.values() if account in hold.accounts]
        return Balance(known.spent + sum(nano for _, nano in late), known.held - sum(held for held, _ in late))

    def _catch_up(self) -> None:
        """Put all settlements into the file; while it is locked, soon."""
        try:
            self._write_late()
        except StateBusy:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return  # without a loop, with the next write or at the end
            if self._again is None:
                self._again = loop.call_later(_AGAIN_S, self._try_again)

    def _write_late(self) -> None:
        with self._saying_what_failed(), self._transaction():
            self._make_good()

    def _try_again(self) -> None:
        self._again = None
        try:
            self._catch_up()
        except StateUnavailable as error:
            # Noted they stay: the next write may find the disk with room again.
            log.warning("%d holds could not be settled: %s", len(self._late), error)

    def _make_good(self) -> None:
        """Within a transaction."""
        for hold, nano in self._late.values():
            self._settle(hold.number, nano)

    def _balance(self, account: Account) -> Balance:
        """What the file says, within a transaction with all settlements in it."""
        at = (account.name, account.period)
        spent = self._connection.execute("SELECT spent FROM account WHERE name = ? AND period = ?", at).fetchone()
        (held,) = self._connection.execute(
            "SELECT coalesce(sum(hold.nano), 0) FROM held JOIN hold USING (number) WHERE name = ? AND period = ?", at
        ).fetchone()
        return Balance(0 if spent is None else spent[0], held)

    def _settle(self, number: int, nano: Nano) -> None:
        run = self._connection
        if run.execute("DELETE FROM hold WHERE number = ?", (number,)).rowcount == 0:
            return
        run.execute(
            "INSERT INTO account SELECT name, period, ? FROM held WHERE number = ?"
            " ON CONFLICT (name, period) DO UPDATE SET spent = spent + excluded.spent",
            (nano, number),
        )
        run.execute("DELETE FROM held WHERE number = ?", (number,))

    def _expire(self) -> None:
        late = "SELECT number, nano FROM hold WHERE expires <= ?"
        for number, nano in self._connection.execute(late, (self._clock.time_ns(),)).fetchall():
            self._settle(number, nano)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
            # Every transaction begins with them.
            self._late.clear()
        except BaseException:
            # A full disk, say, has rolled it back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _saying_what_failed(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _LOCKED
            words = f"the budgets' file {self._file.name} cannot be used ({error}); see that it is not locked or full"
            raise (StateBusy if busy else StateUnavailable)(words) from None
