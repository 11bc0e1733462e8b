"""What differs from one database to the other; `telemetry.storage.engine` alone chooses between them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL

from telemetry.errors import NewerSchema, OlderSchema
from telemetry.storage.migrations import known_version

ADDS: Final = "routescope_adds"
"""Execution option of a transaction that adds facts beside others', and locks only before it touches what is shared."""


class Backend(Protocol):
    """One database. The errors are telemetry.errors'."""

    def place_of(self, url: URL) -> str:
        """What messages call the database; never a password."""
        ...

    def file_of(self, url: URL) -> Path | None:
        """The file that it is; None for a server."""
        ...

    def writer(self, url: URL, *, busy_timeout_ms: int) -> sa.Engine:
        """See `telemetry.storage.engine.open_engine`; the schema is not looked at yet."""
        ...

    def reader(self, url: URL) -> sa.Engine:
        """See `telemetry.storage.engine.open_reader`."""
        ...

    def tables(self) -> tuple[sa.Table, ...]:
        """As they are made in a new database."""
        ...

    def begin(self, connection: sa.Connection, *, reads: bool) -> None:
        """Start a transaction; a writer's holds the write lock at once, unless it only `ADDS`."""
        ...

    def reading_options(self) -> dict[str, object]:
        """Execution options of a connection whose statements all see one state."""
        ...

    def stored_bytes(self, engine: sa.Engine) -> int:
        """What the database takes on disk; 0 when it is not there."""
        ...

    def plain_errors(self, place: str) -> AbstractContextManager[None]:
        """Turns the database's errors into `telemetry.errors.StorageError`."""
        ...

    def words_of(self, cause: BaseException | None) -> str:
        """The error in a few words, without any value of a row: it may be what people wrote."""
        ...

    def blames_rows(self, cause: BaseException | None) -> bool:
        """Whether the rows are at fault rather than the database, its disk or its lock."""
        ...

    def is_busy(self, cause: BaseException | None) -> bool:
        """Whether somebody else holds the database just now."""
        ...

    def is_conflict(self, cause: BaseException | None) -> bool:
        """Whether two transactions stood in each other's way, and this one may pass when done again."""
        ...


def check_readable(place: str, found: int) -> None:
    """Refuse a schema version that this RouteScope does not read.

    Raises:
        NewerSchema, OlderSchema
    """
    known = known_version()
    if found > known:
        raise NewerSchema(place, found, known)
    if found < known:
        raise OlderSchema(place, found, known)
