"""Where a page of rows, newest first, goes on: after a moment and, among rows of one moment, after a key."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa


def cursor_of(moment: datetime, key: str) -> str:
    """The cursor that stands for a row, by its aware time and its key."""
    return f"{moment.isoformat()}~{key}"


def after(cursor: str, moment: sa.Column[datetime], key: sa.Column[str], *, of: str) -> sa.ColumnElement[bool]:
    """That a row comes after the one of a cursor. ``of``: what the page lists, in the error's words.

    Raises:
        ValueError: the cursor is none of ours.
    """
    at, last = moment_of(cursor), cursor.partition("~")[2]
    if at is None or not last.isalnum():
        raise ValueError(f"{cursor[:80]!r} is no cursor of a page of {of}; start again without one")
    return sa.tuple_(moment, key) < sa.tuple_(sa.literal(at, moment.type), sa.literal(last))


def moment_of(cursor: str) -> datetime | None:
    """The moment of a cursor; None when it is none of ours."""
    try:
        at = datetime.fromisoformat(cursor.partition("~")[0])
    except ValueError:
        return None
    return None if at.tzinfo is None else at
