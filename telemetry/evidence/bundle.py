"""One ZIP for an auditor: decisions, branches, policies and counts of a period, with a signed manifest of hashes.

All of it is of one moment of the database, and written as it is read: memory is bounded by a batch of rows, however
many there are. No prompt and no answer is in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import sqlalchemy as sa

from telemetry.errors import ExportFailed
from telemetry.evidence.counts import count
from telemetry.evidence.key import SigningKey
from telemetry.evidence.readme import readme
from telemetry.export import Format, TableName, neutral, whole_file, write_rows
from telemetry.query.filters import Filters
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading
from telemetry.storage.models import POLICY_VERSION

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
KEY: Final = "public_key.pem"
UNLISTED: Final = (MANIFEST, SIGNATURE, KEY)
"""Files that the manifest cannot list."""
_TABLES: Final[tuple[tuple[str, TableName], ...]] = (("decisions", "requests"), ("branches", "branches"))
_FORMATS: Final[tuple[Format, ...]] = ("jsonl", "csv")
_SAFE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Period:
    """What the evidence covers: decisions that began from ``start`` on, before ``end``; aware, UTC."""

    start: datetime | None
    """None: from the first one on."""
    end: datetime
    simulated: bool | None = False
    """None takes both; by default what a demo made up is left out."""

    @property
    def filters(self) -> Filters:
        """Every purpose; only what RouteScope decided itself."""
        return Filters(start=self.start, end=self.end, purposes=(), simulated=self.simulated, source="router")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written."""

    decisions: int
    branches: int
    policies: int
    bytes: int
    """Of the ZIP."""
    fingerprint: str
    """Of the key that signed it."""


def write_file(
    engine: sa.Engine, period: Period, path: Path, key: SigningKey, *, by: str, at: datetime | None = None
) -> Bundle:
    """Write evidence to a file, which is there whole or not at all, readable by its owner alone.

    Args:
        engine: one that reads.
        period: what it covers.
        path: the file, as ``evidence.zip``; one that is there is replaced.
        key: signs it.
        by: who had it made.
        at: when; now by default.

    Raises:
        StorageError: the database cannot be read.
        ExportFailed: the file cannot be written.
    """
    try:
        with whole_file(path) as out:
            return write_bundle(engine, period, out, key, by=by, at=at)
    except OSError as error:
        raise ExportFailed(
            f"{path}: the evidence cannot be written ({error.strerror or error}); name another file"
        ) from None


def write_bundle(
    engine: sa.Engine, period: Period, out: BinaryIO, key: SigningKey, *, by: str, at: datetime | None = None
) -> Bundle:
    """`write_file` to something open that can seek.

    Raises:
        StorageError: the database cannot be read.
        OSError: ``out`` cannot be written; a part may have been.
    """
    made = at or datetime.now(UTC)
    with reading(engine) as connection, zipfile.ZipFile(out, "w") as archive:
        files = _Files(archive, made)
        for name, table in _TABLES:
            for format in _FORMATS:
                with files.open(f"{name}.{format}") as file:
                    done = write_rows(connection, period.filters, cast(BinaryIO, file), table=table, format=format)
                    file.rows = done.rows
        policies = _policies(connection, files)
        counts = count(connection, period.filters)
        files.put("counts.json", _json(counts))
        since = covered_since(connection)
        document = {
            "what": "RouteScope evidence",
            "format": FORMAT,
            "made_at": made.isoformat(),
            "made_by": by,
            "routescope": version("routescope"),
            "from": None if period.start is None else period.start.isoformat(),
            "until": period.end.isoformat(),
            "simulated": {None: "included", True: "alone", False: "left out"}[period.simulated],
            "rows_kept_since": None if since is None else since.isoformat(),
            "key": key.public.fingerprint,
        }
        files.put("README.txt", readme(document, counts).encode())
        manifest = _json({**document, "files": files.listed})
        files.put(MANIFEST, manifest)
        files.put(SIGNATURE, base64.b64encode(key.sign(manifest)) + b"\n")
        files.put(KEY, key.public.pem)
    return Bundle(counts["decisions"], counts["branches"], policies, out.tell(), key.public.fingerprint)


class _Hashed:
    """Hashes and counts what goes through it into one file of the archive."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.bytes = 0
        self.rows: int | None = None

    def write(self, data: Any) -> int:
        """Pass it on."""
        self._hash.update(data)
        self.bytes += memoryview(data).nbytes
        return self._write(data)

    def flush(self) -> None:
        """What is written stays in the archive's own buffer."""

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._hash.hexdigest()


class _Files:
    """The archive's files, each noted as the manifest lists it."""

    def __init__(self, archive: zipfile.ZipFile, made: datetime) -> None:
        self._archive = archive
        self._made = made.astimezone(UTC).timetuple()[:6]
        self.listed: list[dict[str, Any]] = []

    @contextmanager
    def open(self, name: str) -> Iterator[_Hashed]:
        info = zipfile.ZipInfo(name, date_time=self._made)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._archive.open(info, "w", force_zip64=True) as target:
            file = _Hashed(target.write)
            yield file
        rows = {} if file.rows is None else {"rows": file.rows}
        self.listed.append({"name": name, "bytes": file.bytes, "sha256": file.sha256, **rows})

    def put(self, name: str, data: bytes) -> None:
        with self.open(name) as file:
            file.write(data)


def _policies(connection: sa.Connection, files: _Files) -> int:
    """Every version that the store knows: its text, and a table of when it came and who recorded it."""
    columns = POLICY_VERSION.c
    listed = sa.select(columns.version, columns.name, columns.first_seen, columns.recorded_by, columns.toml)
    lines = [["version", "name", "first_seen", "recorded_by", "file"]]
    for row in connection.execute(listed.order_by(columns.first_seen, columns.version)):
        safe = row.version if _SAFE.fullmatch(row.version) else hashlib.sha256(row.version.encode()).hexdigest()
        name = f"policies/{safe}.toml"
        files.put(name, row.toml.encode())
        lines.append([row.version, row.name, row.first_seen.astimezone(UTC).isoformat(), row.recorded_by, name])
    with files.open("policies/versions.csv") as file:
        file.write("".join(_csv_line(line) for line in lines).encode())
        file.rows = len(lines) - 1
    return len(lines) - 1


def _csv_line(cells: list[str]) -> str:
    quoted = (neutral(cell).replace('"', '""') for cell in cells)
    return ",".join(f'"{cell}"' for cell in quoted) + "\n"


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n").encode()
