"""Puts finished traces somewhere safe: the database, else the spool, else it says that there was nowhere.

Belongs to the processor's writer thread and is used by no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from telemetry.errors import DatabaseBusy, DatabaseUnreachable, NotADatabase, RowsRefused, StorageError
from telemetry.log import event
from telemetry.rows import Bundle
from telemetry.spool import Abandoned, Spool, abandoned
from telemetry.storage.damaged import Identity, identity_of, put_aside
from telemetry.storage.engine import add, database_path, open_engine
from telemetry.storage.writer import write_bundles

Kept: TypeAlias = Literal["committed", "spooled", "not_durable"]

BUSY_MS = 50
"""Longest time that an answer waits for a locked database."""
RETRY_S = 0.25
"""How often a database that refused is tried again."""
PATIENCE = 4.0
"""A look for a server that is gone is followed by a pause this many times as long."""
ADOPT_S = 30.0
"""How often the spools of dead processes are looked for."""
REPLAY_BATCH, LEAST_REPLAY = 128, 8
"""Traces of a spool in one transaction, at most and at least: in between as many as it takes `REPLAY_S`."""
REPLAY_S = 0.02
"""How long other writers may have to wait for what is on disk already."""
DAMAGED_S = 2.0
"""A database that is damaged for so long, at every try, is put aside and a new one begun."""

_log = logging.getLogger(__name__)


class Recorder:
    """Keeps bundles; `record` never raises. Times are monotonic seconds."""

    def __init__(self, database_url: str, home: Path) -> None:
        self.last_error: str | None = None
        self.refused = 0
        """Traces that no database would take, kept in a file of their own."""
        self._url = database_url
        self._path = database_path(database_url)
        self._folder = home / "spool"
        self._engine: sa.Engine | None = None
        self._file_identity: Identity | None = None
        self._damaged_since: float | None = None
        self._spool = Spool(self._folder)
        self._refused = self._refused_spool()
        self._adopted: list[Abandoned] = []
        self._next_adoption = 0.0
        self._retry_at = 0.0
        self._replay_batch = LEAST_REPLAY
        self._ready = False

    @property
    def waiting(self) -> int:
        """Traces that this process has on its spool, not yet in the database."""
        return self._spool.frames

    @property
    def waiting_bytes(self) -> int:
        """What these take on the spool."""
        return self._spool.size

    def record(self, bundles: Sequence[Bundle]) -> Kept:
        """Keep all of these together, and say where."""
        self._prepare()
        if self._is_due() and self._write(bundles):
            return "committed"
        try:
            self._spool.append(bundles)
        except OSError as error:
            self._failed(f"the spool {self._spool.path} cannot be written ({error.strerror or error}); free some space")
            return "not_durable"
        return "spooled"

    def catch_up(self) -> bool:
        """Move a part of what was spooled into the database; True when there is more to do at once."""
        self._prepare()
        if not self._is_due():
            return False
        if self._spool.frames:
            return self._replay_own()
        self._adopt()
        return self._replay_adopted()

    def retry_in(self) -> float | None:
        """Seconds until `catch_up` may have something to do; None while nothing is known to wait."""
        if not self._spool.frames and not self._adopted:
            return None
        return max(self._retry_at - time.monotonic(), 0.001)

    def close(self) -> None:
        """Let go of everything; what waits on the spool stays there for the next process."""
        self._disconnect()
        self._spool.close()
        self._refused.close()
        for left in self._adopted:
            left.close()
        self._adopted.clear()

    def forget(self) -> None:
        """After a fork, in the child: connections and files are the parent's."""
        if self._engine is not None:
            self._engine.dispose(close=False)
            self._engine = None
        self._spool.forget()
        for left in self._adopted:
            left.close()
        self._adopted.clear()
        self._refused.forget()
        self._spool = Spool(self._folder)
        self._refused = self._refused_spool()
        self._ready = False

    def _refused_spool(self) -> Spool:
        """For traces that no database would take: kept for a person to look at, made only when one comes."""
        path = self._spool.path.with_suffix(".refused")
        return Spool(self._folder, path=path, reserved_bytes=0)

    def _prepare(self) -> None:
        if self._ready:
            return
        self._ready = True
        try:
            self._spool.open()
        except OSError as error:
            self._failed(f"the spool in {self._folder} cannot be made ({error.strerror or error}); check the folder")

    def _is_due(self) -> bool:
        return time.monotonic() >= self._retry_at

    def _write(self, bundles: Sequence[Bundle]) -> bool:
        """Commit to the database; False when it refuses, and then it is left alone for a while."""
        began = time.monotonic()
        try:
            add(self._connected(), lambda connection: write_bundles(connection, bundles))
        except RowsRefused as error:
            return self._write_apart(bundles, error)
        except (StorageError, SQLAlchemyError, OSError) as error:
            self._failed(str(error) if isinstance(error, StorageError) else f"the database refused ({_cause(error)})")
            now = time.monotonic()
            # Where the server is gone without a word, finding that out takes seconds, and answers wait meanwhile.
            patience = PATIENCE * (now - began) if isinstance(error, DatabaseUnreachable) else 0.0
            self._retry_at = now + max(RETRY_S, patience)
            if not isinstance(error, DatabaseBusy):
                self._disconnect()
            self._consider_damage(isinstance(error, NotADatabase), now)
            return False
        self.last_error = self._damaged_since = None
        return True

    def _consider_damage(self, damaged: bool, now: float) -> None:
        """Put a database aside that this process has used, once it has been damaged for long enough."""
        if self._path is None or self._file_identity is None or not damaged or not self._path.is_file():
            self._damaged_since = None
            return
        self._damaged_since = self._damaged_since or now
        found = identity_of(self._path)
        if now - self._damaged_since < DAMAGED_S or found is None:
            return
        try:
            aside = put_aside(self._path, found)
        except OSError as error:
            self._failed(f"{self._path}: damaged, and cannot be put aside ({error.strerror or error}); move it away")
            return
        if aside is not None:
            sentence = f"{self._path} was damaged; it is kept as {aside.name}, and a new database was begun"
            _log.error("%s", sentence, extra=event("database_put_aside", kept_as=aside.name))
        self._damaged_since = None

    def _write_apart(self, bundles: Sequence[Bundle], error: RowsRefused) -> bool:
        """Write traces one by one, so that one which the database cannot hold does not take the others with it."""
        if len(bundles) > 1:
            written = [self._write([bundle]) for bundle in bundles]
            return all(written)
        try:
            self._refused.append(bundles)
        except (OSError, ValueError):
            return False
        self.refused += len(bundles)
        self._failed(f"a trace does not fit the database ({error}) and is kept in {self._refused.path}")
        return True

    def _connected(self) -> sa.Engine:
        """The engine on the file that is there now: one that was deleted or replaced is not written to any more."""
        if self._engine is not None and self._identity() != self._file_identity:
            self._disconnect()
        if self._engine is None:
            self._engine = open_engine(self._url, busy_timeout_ms=BUSY_MS)
            self._file_identity = self._identity()
        return self._engine

    def _identity(self) -> Identity | None:
        return None if self._path is None else identity_of(self._path)

    def _disconnect(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _adopt(self) -> None:
        now = time.monotonic()
        if now >= self._next_adoption:
            self._next_adoption = now + ADOPT_S
            self._adopted.extend(abandoned(self._folder))

    def _replay_own(self) -> bool:
        before = self._spool.position
        bundles = self._spool.read(self._replay_batch)
        if bundles and not self._replay(bundles):
            self._spool.position = before
            return False
        if not bundles:
            self._tell_of_damage(self._spool.finish())
        return True

    def _replay_adopted(self) -> bool:
        if not self._adopted:
            return False
        left = self._adopted[0]
        before = left.position
        bundles = left.read(self._replay_batch)
        if bundles and not self._replay(bundles):
            left.position = before
            return False
        if not bundles:
            self._tell_of_damage(left.finish())
            self._adopted.pop(0)
        return True

    def _replay(self, bundles: Sequence[Bundle]) -> bool:
        began = time.monotonic()
        written = self._write(bundles)
        self._replay_batch = next_replay(self._replay_batch, time.monotonic() - began)
        return written

    def _tell_of_damage(self, kept: Path | None) -> None:
        if kept is not None:
            _log.warning("a spool ended in a broken frame and is kept as %s", kept)

    def _failed(self, sentence: str) -> None:
        if sentence != self.last_error:
            _log.warning("%s", sentence)
        self.last_error = sentence


def next_replay(traces: int, took_s: float) -> int:
    """How many traces to replay next, when so many took so long: live ones wait for the lock meanwhile."""
    if took_s > REPLAY_S:
        return max(traces // 2, LEAST_REPLAY)
    return min(traces * 2, REPLAY_BATCH) if took_s < REPLAY_S / 2 else traces


def _cause(error: BaseException) -> str:
    """The cause alone: SQLAlchemy's message would repeat the statement."""
    return type(getattr(error, "orig", None) or error).__name__
