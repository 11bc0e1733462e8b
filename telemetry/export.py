"""Decisions and branches as files for other programs: Parquet, CSV or JSON lines, a row each, oldest first.

Rows are streamed: memory is bounded by one batch, however many there are, and all rows are of one moment. The columns
are those of the tables. Beside each amount in nano-USD stands the same in US dollars, exactly; what is unknown is
empty, never 0; times are UTC.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, Protocol, TypeAlias, get_args

import orjson
import sqlalchemy as sa

from telemetry.errors import ExportFailed
from telemetry.query.filters import Filters, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.storage.types import UtcDateTime

TableName: TypeAlias = Literal["requests", "branches"]
Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
TABLES: tuple[TableName, ...] = get_args(TableName)
FORMATS: tuple[Format, ...] = get_args(Format)
Kind: TypeAlias = Literal["text", "json", "integer", "real", "flag", "time", "usd"]

BATCH: Final = 2_000
"""Rows in memory at once; a row group of a Parquet file."""
NANO_DIGITS: Final = 9
PARTIAL: Final = ".partial"
"""How the name of a file ends that is not yet whole."""

_SOURCES: Final[dict[TableName, tuple[sa.Table, str]]] = {
    "requests": (REQUEST, "chosen"),
    "branches": (BRANCH, "model"),
}
_JSON: Final = frozenset({"tags", "signals", "verdicts", "candidates", "scores", "attributes"})
_NANO: Final = "_nano"
_FORMULA: Final = re.compile(r" *[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet would compute; the wide forms count in East Asian editions."""
_SUSPECT: Final = frozenset(" =+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file, and the column of the table that it comes from."""

    name: str
    kind: Kind
    source: str


def columns_of(table: TableName) -> tuple[Column, ...]:
    """The columns of an export, in order: the table's, and after each amount in nano-USD the same in US dollars."""
    columns: list[Column] = []
    for column in _SOURCES[table][0].columns:
        columns.append(Column(column.name, _kind(column), column.name))
        if column.name.endswith(_NANO):
            columns.append(Column(column.name.removesuffix(_NANO) + "_usd", "usd", column.name))
    return tuple(columns)


def export_to(
    engine: sa.Engine,
    filters: Filters,
    out: BinaryIO,
    *,
    table: TableName,
    format: Format,
    decisions: Sequence[str] | None = None,
) -> Exported:
    """Write the rows of a filter to something open; it is flushed, not closed.

    Args:
        engine: one that reads.
        filters: which rows.
        out: where to.
        table: whose rows.
        format: of the file.
        decisions: the ids of those alone that are wanted among them, some thousands at most; None for all.

    Raises:
        StorageError: the database cannot be read.
        OSError: ``out`` cannot be written; a part may have been.
    """
    with reading(engine) as connection:
        return write_rows(connection, filters, out, table=table, format=format, decisions=decisions)


def write_rows(
    connection: sa.Connection,
    filters: Filters,
    out: BinaryIO,
    *,
    table: TableName,
    format: Format,
    decisions: Sequence[str] | None = None,
) -> Exported:
    """`export_to` over a connection of `telemetry.storage.engine.reading`: for several files of one moment."""
    columns = columns_of(table)
    counted = _Counted(out)
    writer = _WRITERS[format](counted, columns)
    rows = 0
    try:
        for batch in _batches(connection, filters, table, columns, decisions):
            writer.write(batch)
            rows += len(batch)
        writer.finish()
    except BaseException:
        # A Parquet writer writes its footer when it is let go of, and nobody wants that any more.
        counted.discards = True
        raise
    out.flush()
    return Exported(rows, counted.bytes)


def export_file(engine: sa.Engine, filters: Filters, path: Path, *, table: TableName, format: Format) -> Exported:
    """Write the rows of a filter to a file, which is there whole or not at all.

    It is written beside its place under a name that ends in `PARTIAL`, readable by its owner alone, and then takes its
    place, and that of a file that was there. When the export is stopped, nothing of it stays.

    Raises:
        StorageError: the database cannot be read.
        ExportFailed: the file cannot be written.
    """
    try:
        with whole_file(path) as out:
            return export_to(engine, filters, out, table=table, format=format)
    except OSError as error:
        raise ExportFailed(
            f"{path}: the export cannot be written ({error.strerror or error}); name another file"
        ) from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when the block ends well, and leaves nothing when it does not; see `export_file`.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _kind(column: sa.Column[Any]) -> Kind:
    if column.name in _JSON:
        return "json"
    kinds: dict[type[Any], Kind] = {UtcDateTime: "time", sa.Boolean: "flag", sa.Integer: "integer", sa.Float: "real"}
    return next((kind for known, kind in kinds.items() if isinstance(column.type, known)), "text")


def _batches(
    connection: sa.Connection,
    filters: Filters,
    table: TableName,
    columns: Sequence[Column],
    decisions: Sequence[str] | None,
) -> Iterator[Sequence[Sequence[Any]]]:
    source, model_column = _SOURCES[table]
    conditions = on_facts(source, model_column, filters)
    if decisions is not None:
        conditions.append(source.c.decision_id.in_(decisions))
    statement = (
        sa.select(*(source.c[column.source].label(column.name) for column in columns))
        .where(*conditions)
        .order_by(source.c.ts, source.c.span_id)
        .execution_options(yield_per=BATCH)
    )
    yield from connection.execute(statement).partitions()


class _Writer(Protocol):
    """A format."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Some rows, as the database gives them."""

    def finish(self) -> None:
        """What comes after the last row."""


class _Counted:
    """Counts what is written, and says where it is: a pipe cannot."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.bytes = 0
        self.discards = False
        """Whether what is still written is thrown away."""

    def write(self, data: Any) -> int:
        if not self.discards:
            self._out.write(data)
        self.bytes += memoryview(data).nbytes
        return memoryview(data).nbytes

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        if not self.discards:
            self._out.flush()

    def close(self) -> None:
        """Whoever opened it closes it."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class _Csv:
    """RFC 4180 with line feeds, UTF-8, a line of names first. Unknown is an empty cell."""

    def __init__(self, out: _Counted, columns: Sequence[Column]) -> None:
        self._out = out
        self._cells = [_CELLS[column.kind] for column in columns]
        self._put([[column.name for column in columns]])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        cells = self._cells
        self._put(
            [["" if value is None else cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows]
        )

    def finish(self) -> None:
        pass

    def _put(self, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._out.write(text.getvalue().encode())


class _JsonLines:
    """An object a line; structured values are values, unknown is null, dollars are text that holds every digit."""

    def __init__(self, out: _Counted, columns: Sequence[Column]) -> None:
        self._out = out
        self._names = [column.name for column in columns]
        self._values = [_VALUES[column.kind] for column in columns]

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        lines = []
        for row in rows:
            values = zip(self._names, self._values, row, strict=True)
            document = {name: None if value is None else make(value) for name, make, value in values}
            lines.append(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        self._out.write(b"".join(lines))

    def finish(self) -> None:
        pass


class _Parquet:
    """Times as timestamps in UTC, dollars as decimal(18, 9), structured values as JSON text."""

    def __init__(self, out: _Counted, columns: Sequence[Column]) -> None:
        # Half a second that nobody else should wait for.
        import pyarrow as pa
        import pyarrow.parquet as pq

        types: dict[Kind, Any] = {
            "text": pa.string(),
            "json": pa.string(),
            "integer": pa.int64(),
            "real": pa.float64(),
            "flag": pa.bool_(),
            "time": pa.timestamp("us", tz="UTC"),
            "usd": pa.decimal128(18, NANO_DIGITS),
        }
        self._record_batch = pa.record_batch
        self._schema = pa.schema([(column.name, types[column.kind]) for column in columns])
        self._dollars = [column.kind == "usd" for column in columns]
        self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        by_column = [list(values) for values in zip(*rows, strict=True)]
        for place, dollars in enumerate(self._dollars):
            if dollars:
                by_column[place] = [None if nano is None else in_usd(nano) for nano in by_column[place]]
        self._writer.write_batch(self._record_batch(by_column, schema=self._schema))

    def finish(self) -> None:
        self._writer.close()


_WRITERS: Final[dict[Format, Callable[[_Counted, Sequence[Column]], _Writer]]] = {
    "parquet": _Parquet,
    "csv": _Csv,
    "jsonl": _JsonLines,
}


def in_usd(nano: int) -> Decimal:
    """Nano-USD as US dollars, exactly."""
    return Decimal(nano).scaleb(-NANO_DIGITS)


def neutral(text: str) -> str:
    """The text with an apostrophe before it when a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in _SUSPECT and _FORMULA.match(text) else text


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _dollars(nano: int) -> str:
    return f"{in_usd(nano):.{NANO_DIGITS}f}"


def _structure(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _as_it_is(value: Any) -> Any:
    return value


_CELLS: Final[dict[Kind, Callable[[Any], str]]] = {
    "text": neutral,
    "json": neutral,
    "integer": str,
    "real": repr,
    "flag": lambda value: "true" if value else "false",
    "time": _moment,
    "usd": _dollars,
}
_VALUES: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": _as_it_is,
    "json": _structure,
    "integer": _as_it_is,
    "real": _as_it_is,
    "flag": _as_it_is,
    "time": _moment,
    "usd": _dollars,
}
