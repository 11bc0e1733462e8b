"""Accounts in an SQLite file: for several processes of one machine, and there again after a restart.

Writes are single short transactions that lock from their first statement: one that reads first and then writes would
fail at once when another writes in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from router_core.clock import Clock
from router_core.errors import StateUnavailable
from router_core.pricing import Nano
from router_core.state.store import Account, Balance, Claim, Hold

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

    def __init__(self, file: Path, clock: Clock, *, wait_s: float = 2.0) -> None:
        """Open the file, and make it when it is not there. A write waits up to ``wait_s`` for another process's.

        Raises:
            StateUnavailable
        """
        self._file = file
        self._clock = clock
        with self._saying_what_failed():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file, timeout=wait_s, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_TABLES)

    def balance(self, account: Account) -> Balance:
        """See `StateStore.balance`."""
        with self._saying_what_failed():
            return self._balance(account)

    def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Claim:
        """See `StateStore.hold`."""
        with self._saying_what_failed(), self._transaction() as run:
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
        with self._saying_what_failed(), self._transaction():
            self._settle(hold.number, nano)

    def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """See `StateStore.accounts`."""
        # A range of names, which the primary keys answer; LIKE would read all periods there ever were.
        names = (prefix, prefix + "\U0010ffff", period)
        with self._saying_what_failed():
            rows = self._connection.execute(_ACCOUNTS, (*names, *names, limit)).fetchall()
        return [(Account(name, period), Balance(spent, held)) for name, spent, held in rows]

    def close(self) -> None:
        """See `StateStore.close`."""
        self._connection.close()

    def _balance(self, account: Account) -> Balance:
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
            words = f"the budgets' file {self._file.name} cannot be used ({error}); see that it is not locked or full"
            raise StateUnavailable(words) from None
