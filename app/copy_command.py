"""``routescope db copy``: take the store to another database."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

import click

from telemetry.errors import CopyRefused
from telemetry.storage.address import shown
from telemetry.storage.copying import copy
from telemetry.storage.engine import database_path, open_engine, open_reader, reading

TELL_EVERY_S = 1.0


def copy_database(source: str, destination: str, *, as_json: bool) -> None:
    """Copy, with progress on stderr.

    Raises:
        telemetry.errors.StorageError: one of the databases cannot be used, or is not what it should be.
    """
    path = database_path(source)
    if path is not None and not path.is_file():
        raise CopyRefused(f"{path}: there is no such database to copy; name one that is there")
    reader = open_reader(source)
    # Before anything is made: what cannot be read needs no destination.
    with reading(reader):
        pass
    copied = copy(reader, open_engine(destination), _Teller())
    if as_json:
        click.echo(json.dumps({"source": shown(source), "destination": shown(destination), **asdict(copied)}))
    rows, sent = sum(copied.rows.values()), sum(copied.sent.values())
    click.echo(
        f"{copied.rows['request']} decisions, {rows} rows in all, are the same in {shown(destination)}"
        f" ({sent} sent now, {copied.seconds:.1f} s)",
        err=True,
    )


class _Teller:
    """A line a table, and on a terminal how far it is."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, table: str, done: int, of: int) -> None:
        now = time.monotonic()
        if done >= of:
            if of:
                click.echo(f"\r{table}: {of} rows" if sys.stderr.isatty() else f"{table}: {of} rows", err=True)
        elif sys.stderr.isatty() and now - self._last >= TELL_EVERY_S:
            self._last = now
            click.echo(f"\r{table}: {done} of {of} rows", nl=False, err=True)
