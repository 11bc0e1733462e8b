"""A full-text index over captured content, kept by the database itself: what is deleted from ``content`` leaves it.

SQLite alone, with FTS5 and trigrams: any piece of three characters or more is found, in any language, whether or not
it has spaces between its words. The index holds no copy of the text. Where there is no index (another database, an
SQLite without FTS5), whoever searches has to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from telemetry.storage.models import CONTENT

SHORTEST = 3
"""Characters that a search needs to be answered by trigrams."""

_PLACE = "content_fts_rows.span_id = {0}.span_id AND content_fts_rows.part = {0}.part"
_ADD = f"""
    INSERT INTO content_fts_rows (span_id, part, trace_id)
        SELECT new.span_id, new.part, new.trace_id WHERE new.text IS NOT NULL;
    INSERT INTO content_fts (rowid, text)
        SELECT number, new.text FROM content_fts_rows WHERE {_PLACE.format("new")};
"""  # noqa: S608 (our own names)
_TAKE = f"""
    INSERT INTO content_fts (content_fts, rowid, text)
        SELECT 'delete', number, old.text FROM content_fts_rows WHERE {_PLACE.format("old")};
    DELETE FROM content_fts_rows WHERE {_PLACE.format("old")};
"""  # noqa: S608 (our own names)

_INDEX = "CREATE VIRTUAL TABLE content_fts USING fts5 (text, content = '', tokenize = 'trigram')"
_DDL = (
    # Rows of the index have numbers of their own: those of ``content`` may change when the file is vacuumed.
    "CREATE TABLE content_fts_rows ("
    "number INTEGER PRIMARY KEY, span_id VARCHAR NOT NULL, part VARCHAR NOT NULL, trace_id VARCHAR NOT NULL, "
    "UNIQUE (span_id, part))",
    f"CREATE TRIGGER content_fts_insert AFTER INSERT ON content BEGIN {_ADD} END",
    f"CREATE TRIGGER content_fts_delete AFTER DELETE ON content BEGIN {_TAKE} END",
    f"CREATE TRIGGER content_fts_update AFTER UPDATE ON content BEGIN {_TAKE} {_ADD} END",
)


def create(connection: sa.Connection) -> bool:
    """Make the index, empty; False where the database cannot."""
    if connection.dialect.name != "sqlite":
        return False
    try:
        connection.exec_driver_sql(_INDEX)
    except OperationalError:
        return False
    for statement in _DDL:
        connection.exec_driver_sql(statement)
    return True


@sa.event.listens_for(CONTENT, "after_create")
def _with_content(_table: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    create(connection)


def available(connection: sa.Connection) -> bool:
    """Whether the index is there."""
    if connection.dialect.name != "sqlite":
        return False
    found = sa.text("SELECT 1 FROM sqlite_master WHERE name = :name")
    return connection.scalar(found, {"name": "content_fts"}) is not None


def traces_with(connection: sa.Connection, piece: str, most: int) -> Sequence[str] | None:
    """The traces of which some content may hold a piece of text, however its letters are cased.

    Returns:
        None when there are more than ``most`` such contents, or the piece is too short: reading finds it sooner then.
    """
    if len(piece) < SHORTEST:
        return None
    phrase = '"' + piece.replace('"', '""') + '"'
    numbers = connection.scalars(_MATCHING, {"phrase": phrase, "most": most + 1}).all()
    if len(numbers) > most:
        return None
    return connection.scalars(_TRACES, {"numbers": numbers}).all()


def compact(connection: sa.Connection) -> None:
    """Write the index anew without what was deleted: until then parts of erased texts may be read out of its file."""
    if available(connection):
        connection.exec_driver_sql("INSERT INTO content_fts (content_fts) VALUES ('optimize')")


def merge(connection: sa.Connection, pages: int) -> bool:
    """A part of `compact`, so that nobody waits for all of it: about so many pages; True while there is more to do.

    Args:
        pages: negative in the first part, which gathers all there is to be merged.
    """
    if not available(connection):
        return False
    counting = sa.text("SELECT total_changes()")
    before = connection.scalar(counting) or 0
    connection.exec_driver_sql("INSERT INTO content_fts (content_fts, rank) VALUES ('merge', ?)", (pages,))
    # The statement itself is counted as one.
    return (connection.scalar(counting) or 0) - before > 1


_ROWS = sa.table("content_fts_rows", sa.column("number"), sa.column("trace_id"))
_MATCHING = sa.text("SELECT rowid FROM content_fts WHERE content_fts MATCH :phrase LIMIT :most")
_TRACES: sa.Select[Any] = (
    sa.select(_ROWS.c.trace_id).where(_ROWS.c.number.in_(sa.bindparam("numbers", expanding=True))).distinct()
)
