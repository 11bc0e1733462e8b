"""``routescope db``: look after the database. Export and erasure have files of their own."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.db_counts import told_counts
from app.db_delete import delete
from app.db_export import export
from app.options import database_option, json_option, settings_and_policy
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from telemetry.retention import Pruned

_days = click.IntRange(1, 36_500)


@click.group(epilog="Example: routescope db info")
def db() -> None:
    """Look after the database."""


db.add_command(delete)
db.add_command(export)


@db.command(epilog="Example: routescope db info --json")
@database_option
@json_option
def info(database_url: str | None, as_json: bool) -> None:
    """Show what the database and the spools hold, how large they are, and how long it is kept."""
    from telemetry.collector_spool import collector_folder, waiting
    from telemetry.query.store import store_state
    from telemetry.spooled import spool_files, spool_folder
    from telemetry.storage.engine import open_reader
    from telemetry.storage.inventory import take_inventory
    from telemetry.storage.upkeep import reclaimable_bytes

    settings, kept = settings_and_policy(database_url)
    reader = open_reader(settings.database_url)
    spools = spool_files(spool_folder(settings.home))
    document = {
        "database": shown(settings.database_url),
        **asdict(store_state(reader)),
        **asdict(take_inventory(reader)),
        "reclaimable_bytes": reclaimable_bytes(reader),
        "keep_days": kept.keep_days,
        "keep_content_days": kept.keep_content_days,
        "spooled": sum(file.traces for file in spools),
        "spools": [asdict(file) for file in spools],
        "collector": asdict(waiting(collector_folder(settings.home))),
    }
    if as_json:
        click.echo(json.dumps(document, default=_plain))
        return
    for name, value in document.items():
        click.echo(f"{name:20} {_shown(name, value)}")


@db.command(epilog="Example: routescope db prune --days 90 --content-days 14 --dry-run")
@click.option("--days", type=_days, help="Whole days of decisions to keep; default: the policy's keep_days.")
@click.option("--content-days", type=_days, help="The same for prompts and answers; default: keep_content_days.")
@click.option("--dry-run", is_flag=True, help="Count what would go, and remove nothing.")
@database_option
@json_option
def prune(days: int | None, content_days: int | None, dry_run: bool, database_url: str | None, as_json: bool) -> None:
    """Remove decisions, prompts and answers that are older than they may get; rollups stay.

    In short transactions, so that gateways go on meanwhile.
    """
    from telemetry import retention
    from telemetry.storage.engine import open_engine, open_reader

    settings, kept = settings_and_policy(database_url)
    days = kept.keep_days if days is None else days
    content_days = kept.keep_content_days if content_days is None else content_days
    if days is None and content_days is None:
        raise click.UsageError(
            "everything is kept for ever; give --days or --content-days, or set keep_days in [telemetry] of the policy"
        )
    if dry_run:
        reader = open_reader(settings.database_url)
        pruned = retention.preview(reader, keep_days=days, keep_content_days=content_days)
    else:
        engine = open_engine(settings.database_url)
        pruned = retention.prune(engine, keep_days=days, keep_content_days=content_days)
    if as_json:
        asked = {"dry_run": dry_run, "keep_days": days, "keep_content_days": content_days}
        click.echo(json.dumps({"database": shown(settings.database_url), **asked, **asdict(pruned)}, default=_plain))
    click.echo(_told(pruned, dry_run), err=True)


@db.command(epilog="Example: routescope db vacuum")
@database_option
@json_option
def vacuum(database_url: str | None, as_json: bool) -> None:
    """Give the room of removed rows back to the disk. On SQLite gateways spool their decisions meanwhile."""
    from telemetry.storage.engine import open_engine
    from telemetry.storage.upkeep import compact

    settings, _ = settings_and_policy(database_url)
    done = compact(open_engine(settings.database_url))
    if as_json:
        click.echo(json.dumps({"database": shown(settings.database_url), **asdict(done)}))
    click.echo(f"{_size(done.before)} before, {_size(done.after)} now", err=True)


@db.command(epilog="Example: routescope db backup routescope-backup.db")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@database_option
@json_option
def backup(file: Path, database_url: str | None, as_json: bool) -> None:
    """Copy a SQLite database to FILE, of one moment and checked, while it is in use."""
    from telemetry.storage.engine import open_reader
    from telemetry.storage.upkeep import copy_live

    settings, _ = settings_and_policy(database_url)
    size = copy_live(open_reader(settings.database_url), file)
    if as_json:
        click.echo(json.dumps({"database": shown(settings.database_url), "file": str(file), "bytes": size}))
    click.echo(f"{file}: {_size(size)}, sound", err=True)


@db.command(epilog="Example: routescope db migrate")
@database_option
@json_option
def migrate(database_url: str | None, as_json: bool) -> None:
    """Bring the database to the schema that this RouteScope writes; what it has already is left alone."""
    from telemetry.storage.engine import open_engine
    from telemetry.storage.migrations import known_version

    settings, _ = settings_and_policy(database_url)
    open_engine(settings.database_url).dispose()
    version = known_version()
    if as_json:
        click.echo(json.dumps({"database": shown(settings.database_url), "schema_version": version}))
    click.echo(f"{shown(settings.database_url)} has schema version {version}", err=True)


@db.command("rebuild-rollups", epilog="Example: routescope db rebuild-rollups")
@database_option
@json_option
def rebuild_rollups(database_url: str | None, as_json: bool) -> None:
    """Compute all rollups anew from the raw rows, as far back as these are whole."""
    from telemetry.rollup import rebuild
    from telemetry.storage.engine import open_engine

    settings, _ = settings_and_policy(database_url)
    rebuild(open_engine(settings.database_url))
    if as_json:
        click.echo(json.dumps({"rebuilt": True, "database": shown(settings.database_url)}))
    click.echo(f"rollups rebuilt in {shown(settings.database_url)}", err=True)


@db.command(epilog="Example: routescope db copy sqlite:///routescope.db postgresql://me@host/routescope")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@json_option
def copy(source: str, destination: str, as_json: bool) -> None:
    """Copy the database SRC to the empty database DST, and verify that they are the same.

    Stopped on the way, it goes on when it is called again. SRC may be in use; a second call brings what came since.
    """
    from app.copy_command import copy_database

    copy_database(source, destination, as_json=as_json)


def _told(pruned: Pruned, dry_run: bool) -> str:
    verb = "would remove" if dry_run else "removed"
    limits = [f"decisions from before {pruned.rows_before:%Y-%m-%d}"] if pruned.rows_before else []
    limits += [f"content from before {pruned.content_before:%Y-%m-%d}"] if pruned.content_before else []
    if pruned.nothing:
        return f"nothing to remove: no {' and no '.join(limits)}"
    held = (
        ""
        if dry_run
        else f" in {pruned.seconds:.1f} s; the database was held for {pruned.longest_hold_ms:.0f} ms at most"
    )
    return f"{verb} {told_counts(pruned.removed)} ({', '.join(limits)}){held}"


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "for ever" if name.startswith("keep_") else "none"
    if name == "rows_since":
        return f"{value:%Y-%m-%d}; what was before is pruned"
    if name.endswith("bytes"):
        return _size(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:,}" for key, number in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_spool(file) for file in value) or "none"
    return f"{value:,}" if isinstance(value, int) and name != "schema_version" else str(value)


def _spool(file: dict[str, Any]) -> str:
    state = "in use" if file["held"] else "damaged at its end" if file["unreadable"] else "left behind"
    return f"{file['path']}: {file['traces']:,} traces, {state}"


def _size(number: int) -> str:
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
