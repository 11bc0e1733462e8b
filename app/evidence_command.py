"""``routescope evidence``: decisions of a period in one signed file for an auditor, and the check of such a file."""

from __future__ import annotations

import getpass
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app import plain
from app.db_export import RANGES, Moment, ended_by_sigterm
from app.options import database_option, json_option, settings_and_policy
from app.settings import Settings
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from telemetry.evidence.bundle import Period

_SIMULATED = {"all": None, "real": False, "simulated": True}
_file = click.Path(path_type=Path, dir_okay=False)


@click.group(epilog="Example: routescope evidence export --range 30d --out evidence.zip")
def evidence() -> None:
    """Give an auditor the decisions of a period, signed, and check such a file."""


@evidence.command(epilog="Example: routescope evidence export --since 2026-10-01 --until 2026-11-01 --out evidence.zip")
@click.option("--out", type=_file, required=True, help="The file to write, as evidence.zip.")
@click.option("--range", "range_", type=click.Choice(RANGES), help="The period, as on the pages.")
@click.option("--since", type=Moment(), help="From this time on, as 2026-11-01 (UTC).")
@click.option("--until", type=Moment(), help="Before this time; default: now.")
@click.option("--simulated", type=click.Choice(list(_SIMULATED)), default="real", show_default=True)
@database_option
@json_option
def export(
    out: Path,
    range_: str | None,
    since: datetime | None,
    until: datetime | None,
    simulated: str,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Write decisions, branches, policies and counts of a period to a signed ZIP.

    Every purpose is in it; what other systems reported is not, and no prompt or answer. The key is made once, in the
    home folder.
    """
    from telemetry.evidence.bundle import write_file
    from telemetry.evidence.key import SigningKey
    from telemetry.storage.engine import open_reader

    period = _period(range_, since, until, _SIMULATED[simulated])
    settings, _ = settings_and_policy(database_url)
    reader = open_reader(settings.database_url)
    began = time.perf_counter()
    with ended_by_sigterm():
        done = write_file(reader, period, out, SigningKey.of_home(settings.home), by=_user())
    if as_json:
        place = {"database": shown(settings.database_url), "out": str(out)}
        click.echo(json.dumps({**place, **asdict(done)}))
    click.echo(
        f"{done.decisions:,} decisions, {done.branches:,} branches and {done.policies:,} policy versions in {out}, "
        f"{done.bytes:,} bytes, {time.perf_counter() - began:.1f} s\nsigned by the key {done.fingerprint}",
        err=True,
    )


@evidence.command(epilog="Example: routescope evidence verify evidence.zip --fingerprint 1b2c3d4e:...")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--fingerprint", help="Of the key that must have signed it; got on another way than the file.")
@json_option
def verify(file: Path, fingerprint: str | None, as_json: bool) -> None:
    """Check that nothing in FILE was changed, added or left out since it was signed.

    Exit code 1 when something was, or when another key than the one asked for has signed it.
    """
    from telemetry.evidence.check import check
    from telemetry.evidence.key import known

    found = check(file, fingerprint=fingerprint)
    own = known(Settings.read().home)
    whose = "asked for" if fingerprint is not None else "this home" if _is(own, found.fingerprint) else "unknown"
    if as_json:
        document = {"file": str(file), "intact": found.intact, "key": whose, **asdict(found)}
        click.echo(json.dumps(document, ensure_ascii=False))
    if not found.intact:
        listed = "".join(f"\n  {plain.visible(fault, 300)}" for fault in found.faults)
        raise click.ClickException(f"{file}: this is not what was signed:{listed}")
    told = {
        "asked for": "the key that was asked for",
        "this home": "the key of this home folder",
        "unknown": "a key that nothing here knows: compare its fingerprint with one got on another way",
    }
    manifest = found.manifest
    click.echo(
        f"{file}: intact, {found.files:,} files; decisions from {_said(manifest, 'from', 'the first one')} until "
        f"{_said(manifest, 'until')}, made at {_said(manifest, 'made_at')} by {_said(manifest, 'made_by')}\n"
        f"signed by {told[whose]}\n{found.fingerprint}",
        err=True,
    )


@evidence.command(epilog="Example: routescope evidence key")
@json_option
def key(as_json: bool) -> None:
    """Show the fingerprint and the public half of the key that signs here; it is made if there is none."""
    from telemetry.evidence.key import SigningKey

    public = SigningKey.of_home(Settings.read().home).public
    if as_json:
        click.echo(json.dumps({"fingerprint": public.fingerprint, "public_key": public.pem.decode()}))
        return
    click.echo(public.fingerprint)
    click.echo(public.pem.decode(), nl=False)


def _period(range_: str | None, since: datetime | None, until: datetime | None, simulated: bool | None) -> Period:
    from app.dashboard.view import period
    from telemetry.evidence.bundle import Period

    now = datetime.now(UTC)
    if range_ is not None and (since or until):
        raise click.UsageError("--range and --since or --until do not go together; give one of them")
    if range_ is not None:
        return Period(period(range_, now).start, now, simulated)
    end = until or now
    if since is not None and since >= end:
        raise click.UsageError(f"--since {since:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M}")
    return Period(since, end, simulated)


def _is(own: object, fingerprint: str) -> bool:
    return own is not None and getattr(own, "fingerprint", None) == fingerprint


def _said(manifest: dict[str, object], name: str, absent: str = "unknown") -> str:
    return plain.visible(manifest.get(name) or absent, 80)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
