"""``routescope db export``: decisions or branches as a file for other programs."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.options import database_option, json_option, settings_and_policy
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from telemetry.query.filters import Filters

EVERY = "all"
F = TypeVar("F", bound=Callable[..., Any])
_STDOUT = Path("-")
RANGES = ("24h", "7d", "30d", "8w", "all")
_SIMULATED = {"all": None, "real": False, "simulated": True}


class Moment(click.ParamType[datetime]):
    """A date or a time in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, aware, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2026-11-23 or 2026-11-23T09:30", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _several(flag: str, name: str, help: str) -> Callable[[F], F]:
    return click.option(flag, name, multiple=True, help=f"{help}; may be repeated.")


@click.command(epilog="Example: routescope db export --table requests --format csv --range 30d --out requests.csv")
@click.option("--table", type=click.Choice(["requests", "branches"]), default="requests", show_default=True)
@click.option("--format", "format_", type=click.Choice(["parquet", "csv", "jsonl"]), help="Default: as FILE ends.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A file; - for stdout.")
@click.option("--range", "range_", type=click.Choice(RANGES), help="The period, as on the pages.")
@click.option("--since", type=Moment(), help="From this time on, as 2026-11-01 (UTC).")
@click.option("--until", type=Moment(), help="Before this time.")
@_several("--route", "routes", "Route")
@_several("--tenant", "tenants", "Tenant")
@_several("--model", "models", "Model or tool: that was chosen (requests), or tried (branches)")
@_several("--intent", "intents", "Intent")
@_several("--risk", "risks", "Risk")
@_several("--status", "statuses", "Status, as ok or failed")
@_several("--purpose", "purposes", "Purpose, as playground; all for every one; default: user")
@click.option("--simulated", type=click.Choice(list(_SIMULATED)), default="all", show_default=True)
@click.option("--policy-version", help="Version of the policy that decided.")
@database_option
@json_option
def export(table: Any, format_: Any, out: Path, database_url: str | None, as_json: bool, **asked: Any) -> None:
    """Write decisions or branches, oldest first, with the filters that the pages have.

    Amounts stand in nano-USD and in exact US dollars, times in UTC, unknown is empty. A file is there whole or not at
    all. In CSV, text that a spreadsheet would take for a formula gets an apostrophe.
    """
    from telemetry.export import export_file, export_to
    from telemetry.storage.engine import open_reader

    to_stdout = out == _STDOUT
    if to_stdout and as_json:
        raise click.UsageError("--json tells of the export on stdout, where the rows go; give --out a file")
    format_ = format_ or _format_of(out)
    if to_stdout and format_ == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is no text; give --out a file, or lead stdout into one")
    filters = _filters(**asked)
    settings, _ = settings_and_policy(database_url)
    reader = open_reader(settings.database_url)
    began = time.perf_counter()
    with ended_by_sigterm():
        if to_stdout:
            done = export_to(reader, filters, sys.stdout.buffer, table=table, format=format_)
        else:
            done = export_file(reader, filters, out, table=table, format=format_)
    if as_json:
        place = {"database": shown(settings.database_url), "out": str(out), "table": table, "format": format_}
        click.echo(json.dumps({**place, **asdict(done)}))
    where = "" if to_stdout else f" in {out}"
    click.echo(f"{done.rows:,} {table}{where}, {done.bytes:,} bytes, {time.perf_counter() - began:.1f} s", err=True)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends this as an interrupt does: with what was begun tidied up."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _format_of(out: Path) -> str:
    endings = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    known = endings.get(out.suffix.lower())
    if known is None:
        raise click.UsageError(f"the end of {str(out)!r} names no format; give --format parquet, csv or jsonl")
    return known


def _filters(
    range_: str | None, since: datetime | None, until: datetime | None, simulated: str, **names: Any
) -> Filters:
    from app.dashboard.view import period
    from telemetry.query.filters import Filters

    if range_ is not None and (since or until):
        raise click.UsageError("--range and --since or --until do not go together; give one of them")
    if since and until and since >= until:
        raise click.UsageError(f"--since {since:%Y-%m-%d %H:%M} is not before --until {until:%Y-%m-%d %H:%M}")
    if range_ is not None:
        shown_on_pages = period(range_, datetime.now(UTC))
        since, until = shown_on_pages.start, shown_on_pages.end
    purposes = names.pop("purposes") or ("user",)
    return Filters(
        start=since,
        end=until,
        purposes=() if EVERY in purposes else purposes,
        simulated=_SIMULATED[simulated],
        **names,
    )
