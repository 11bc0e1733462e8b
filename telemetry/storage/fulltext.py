"""A full-text index over captured content, kept by the database itself: what is deleted from ``content`` leaves it.

By trigrams: any piece of three characters or more is found, in any language, whether or not it has spaces between its
words. SQLite has FTS5 for that, PostgreSQL an inverted index (GIN) over the trigrams that a function of our own makes:
it needs no extension. Neither index holds a copy of the text. Both find a little more than is asked for, as letters of
another case, so whoever searches reads what they lead to. Where there is no index (an SQLite without FTS5) he has to
read all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from telemetry.storage.models import CONTENT

SHORTEST = 3
"""Characters that a search needs to be answered by trigrams."""
LONGEST_LOOK_MS = 250
"""After this time PostgreSQL's index is given up: of frequent trigrams it lists every place before it gives one."""

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


_TRIGRAMS = """
CREATE OR REPLACE FUNCTION content_trigrams(content text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT trigram COLLATE "C" FROM (
            SELECT letter || lead(letter, 1) OVER () || lead(letter, 2) OVER () AS trigram
            FROM unnest(string_to_array(lower(content COLLATE "C"), NULL)) AS letter
        ) AS every WHERE trigram IS NOT NULL
    );
END $$
"""
_INVERTED = "CREATE INDEX IF NOT EXISTS ix_content_trigrams ON content USING gin (content_trigrams(text))"


def create(connection: sa.Connection) -> bool:
    """Make the index, empty on SQLite, of what is stored on PostgreSQL; False where the database cannot."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_TRIGRAMS)
        connection.exec_driver_sql(_INVERTED)
        return True
    try:
        connection.exec_driver_sql(_INDEX)
    except OperationalError:
        return False
    for statement in _DDL:
        connection.exec_driver_sql(statement)
    return True


def made_with(content: sa.Table) -> None:
    """From now on make the index whenever this table is made."""
    sa.event.listen(content, "after_create", lambda _table, connection, **_options: create(connection))


made_with(CONTENT)


def available(connection: sa.Connection) -> bool:
    """Whether the index is there."""
    return connection.scalar(_THERE[connection.dialect.name]) is not None


def traces_with(
    connection: sa.Connection, piece: str, most: int, *, look_ms: int = LONGEST_LOOK_MS
) -> Sequence[str] | None:
    """The traces of which some content may hold a piece of text, however its letters are cased.

    Args:
        connection: in a transaction.
        piece: as it is stored.
        most: contents that are worth an answer.
        look_ms: how long PostgreSQL may look.

    Returns:
        None when there are more than ``most`` such contents, it took too long, or the piece is too short: reading finds
        it sooner then.
    """
    if len(piece) < SHORTEST:
        return None
    if connection.dialect.name == "postgresql":
        return _by_inverted(connection, piece, most, look_ms)
    phrase = '"' + piece.replace('"', '""') + '"'
    numbers = connection.scalars(_MATCHING, {"phrase": phrase, "most": most + 1}).all()
    if len(numbers) > most:
        return None
    return connection.scalars(_TRACES, {"numbers": numbers}).all()


def _by_inverted(connection: sa.Connection, piece: str, most: int, look_ms: int) -> Sequence[str] | None:
    try:
        # What is set here ends with it.
        with connection.begin_nested() as look:
            # Without statistics it would work the trigrams of every text out instead of looking them up.
            connection.exec_driver_sql(f"SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = {int(look_ms)}")
            found = connection.scalars(_HOLDING, {"piece": piece, "most": most + 1}).all()
            look.rollback()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _CANCELLED:
            raise
        return None
    return None if len(found) > most else list(dict.fromkeys(found))


def compact(connection: sa.Connection) -> None:
    """Write the index anew without what was deleted: until then parts of erased texts may be read out of its file.

    PostgreSQL does so when it vacuums, as with the texts themselves.
    """
    if connection.dialect.name == "sqlite" and available(connection):
        connection.exec_driver_sql("INSERT INTO content_fts (content_fts) VALUES ('optimize')")


def merge(connection: sa.Connection, pages: int) -> bool:
    """A part of `compact`, so that nobody waits for all of it: about so many pages; True while there is more to do.

    Args:
        pages: negative in the first part, which gathers all there is to be merged.
    """
    if connection.dialect.name != "sqlite" or not available(connection):
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
_HOLDING = sa.text(
    "SELECT trace_id FROM content WHERE content_trigrams(text) @> content_trigrams(CAST(:piece AS text)) LIMIT :most"
)
_CANCELLED = "57014"
_THERE = {
    "sqlite": sa.text("SELECT 1 FROM sqlite_master WHERE name = 'content_fts'"),
    "postgresql": sa.text("SELECT to_regclass('ix_content_trigrams')"),
}
