"""Rows of a log of answers: Parquet, CSV or JSON lines, read piece by piece, every cell checked.

Needed columns are ``prompt``, ``model`` and ``score``; others may be there, and unknown ones are passed over.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson

from router_core.errors import ReplayError, RequestError
from router_core.pricing import Nano, to_nano
from router_core.request import RouteRequest

NEEDED = ("prompt", "model", "score")
OPTIONAL = ("prompt_id", "dataset", "cost_usd", "in_tokens", "out_tokens", "response")
COLUMNS = (*NEEDED, *OPTIONAL)

_BATCH_ROWS = 512
_CELL_CHARACTERS = 16 * 1024 * 1024
_MOST_USD = 1_000_000
_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_TRUTHS = {"true": 1.0, "false": 0.0}

Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogRow:
    """What one model once answered to one prompt, and how right that was."""

    place: str
    """``row 3`` or ``line 3`` of the file."""
    prompt: str
    model: str
    score: float
    """0 (wrong) to 1 (right)."""
    prompt_id: str | None = None
    dataset: str | None = None
    cost: Nano | None = None
    in_tokens: int | None = None
    out_tokens: int | None = None
    response: str | None = None


def read_rows(path: Path) -> Iterator[LogRow]:
    """The rows of a log, in the file's order; only a few hundred are held at a time.

    Raises:
        ReplayError: the first fault, with file, row, column and remedy.
    """
    readers = {"parquet": _parquet, "csv": _csv, "jsonl": _json_lines}
    try:
        for place, cells in readers[_format(path)](path):
            yield _row(path, place, cells)
    except FileNotFoundError:
        raise ReplayError(f"{path}: there is no such file; give the path of a log") from None
    except UnicodeDecodeError as error:
        raise ReplayError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise ReplayError(f"{path}: it cannot be read ({error.strerror or error}); check the path") from None


def _format(path: Path) -> str:
    known = _SUFFIXES.get(path.suffix.lower())
    if known is None:
        raise ReplayError(f"{path}: its name does not say its format; end it in .parquet, .csv or .jsonl")
    return known


def _parquet(path: Path) -> Iterator[tuple[str, Cells]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            _check_columns(path, names)
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=[name for name in COLUMNS if name in names]):
                for cells in batch.to_pylist():
                    number += 1
                    yield f"row {number}", cells
    except pyarrow.ArrowException as error:
        words = str(error).split("\n")[0][:200]
        raise ReplayError(f"{path}: it cannot be read as Parquet ({words}); write it anew or give a CSV") from None


def _csv(path: Path) -> Iterator[tuple[str, Cells]]:
    # A setting of the whole process, and a small one: answers are longer than its default of 128 KiB.
    csv.field_size_limit(max(csv.field_size_limit(), _CELL_CHARACTERS))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            _check_columns(path, list(reader.fieldnames or ()))
            for number, cells in enumerate(reader, start=1):
                if None in cells:
                    raise ReplayError(
                        f"{path}: row {number} has more cells than the header; put texts with commas in quotes"
                    )
                yield f"row {number}", {name: None if cell == "" else cell for name, cell in cells.items()}
        except csv.Error as error:
            raise ReplayError(f"{path}: line {reader.line_num} is not CSV ({error}); mend it") from None


def _json_lines(path: Path) -> Iterator[tuple[str, Cells]]:
    with path.open("rb") as file:
        checked = False
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                cells = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                raise ReplayError(f"{path}: line {number} is not JSON ({error}); give one object a line") from None
            if not isinstance(cells, dict):
                raise ReplayError(f"{path}: line {number} is not a JSON object; give one object a line")
            if not checked:
                _check_columns(path, list(cells))
                checked = True
            yield f"line {number}", cells


def _check_columns(path: Path, names: list[str]) -> None:
    for needed in NEEDED:
        if needed not in names:
            others = [name for name in names if name not in COLUMNS]
            near = difflib.get_close_matches(needed, others, n=1)
            remedy = f"rename {near[0]!r}" if near else f"a log has at least {', '.join(NEEDED)}"
            raise ReplayError(f"{path}: there is no column {needed!r} among {_listed(names)}; {remedy}")


def _listed(names: Iterable[str]) -> str:
    shown = [str(name)[:40] for name in names]
    return ", ".join(shown[:12]) + (", ..." if len(shown) > 12 else "") if shown else "no columns at all"


class _BadCell(ValueError):
    """``problem; remedy`` of one cell."""


def _row(path: Path, place: str, cells: Cells) -> LogRow:
    values: dict[str, Any] = {}
    for column in COLUMNS:
        try:
            values[column] = _READERS[column](cells.get(column))
        except _BadCell as error:
            raise ReplayError(f"{path}: {place}, column {column}: {error}") from None
    cost = values.pop("cost_usd")
    return LogRow(place=place, cost=cost, **values)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _prompt(value: Any) -> str:
    if not isinstance(value, str):
        raise _BadCell(f"{_shown(value)} is no text; give what was asked")
    try:
        RouteRequest.from_prompt(value).check()
    except RequestError as error:
        raise _BadCell(f"{error}, or leave the row out") from None
    return value


def _name(value: Any) -> str:
    if _missing(value) or not str(value).strip():
        raise _BadCell("it is empty; name the model that answered")
    if not str(value).isprintable():
        raise _BadCell(f"{_shown(value)} has control characters; give a plain name")
    return str(value).strip()


def _label(value: Any) -> str | None:
    return None if _missing(value) else str(value)


def _score(value: Any) -> float:
    if _missing(value):
        raise _BadCell("it is empty; give a grade from 0 (wrong) to 1 (right), or leave the row out")
    number = _TRUTHS.get(str(value).strip().lower())
    if number is None:
        with suppress(ValueError):
            number = float(str(value))
    if number is None or not 0 <= number <= 1:
        raise _BadCell(f"{_shown(value)} is no grade; give a number from 0 (wrong) to 1 (right)")
    return number


def _cost(value: Any) -> Nano | None:
    if _missing(value):
        return None
    try:
        usd = Decimal(str(value).strip())
    except InvalidOperation:
        raise _BadCell(f"{_shown(value)} is no number; give USD as 0.0012, or leave it empty when unknown") from None
    if not (usd.is_finite() and 0 <= usd <= _MOST_USD):
        raise _BadCell(f"{_shown(value)} is no cost of a call; give USD of 0 or more, or leave it empty when unknown")
    return to_nano(usd)


def _count(value: Any) -> int | None:
    if _missing(value):
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not (0 <= number < 2**53 and number.is_integer()):
        raise _BadCell(f"{_shown(value)} is no count of tokens; give a whole number, or leave it empty when unknown")
    return int(number)


def _response(value: Any) -> str | None:
    if _missing(value):
        return None
    if not isinstance(value, str):
        raise _BadCell(f"{_shown(value)} is no text; give what the model answered")
    return value


def _shown(value: Any) -> str:
    return ascii(value)[:60]


_READERS = {
    "prompt": _prompt,
    "model": _name,
    "score": _score,
    "prompt_id": _label,
    "dataset": _label,
    "cost_usd": _cost,
    "in_tokens": _count,
    "out_tokens": _count,
    "response": _response,
}
