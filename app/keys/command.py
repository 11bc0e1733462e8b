"""``routescope keys``: make, list, revoke and rotate the keys by which applications are known to the gateway."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from app import plain
from app.keys.key import ROLES, Key, Minted, Role
from app.options import database_option, json_option, settings_and_policy
from router_core.request import DEFAULT_TENANT

if TYPE_CHECKING:
    import sqlalchemy as sa

SHOWN_ONCE = "the key is shown now and never again; whoever holds it is {name}"


@click.group(epilog="Example: routescope keys create billing --tenant acme --route chat --expires-days 90")
def keys() -> None:
    """Keys of applications. Once there is one, the gateway lets nobody in without."""


@keys.command("create", epilog="Example: routescope keys create billing --tenant acme --requests-per-minute 600")
@click.argument("name")
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose requests these are.")
@click.option(
    "--role", type=click.Choice(ROLES), default="client", show_default=True, help="operator: sees everything."
)
@click.option(
    "--route", "routes", multiple=True, help="May ask for this route only, or model/NAME; as often as needed."
)
@click.option("--expires-days", type=click.IntRange(1, 3650), help="Opens nothing after so many days.")
@click.option("--requests-per-minute", type=click.IntRange(1, 1_000_000), help="More than that get a 429.")
@database_option
@json_option
def create_key(
    name: str,
    tenant: str,
    role: Role,
    routes: tuple[str, ...],
    expires_days: int | None,
    requests_per_minute: int | None,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and print it, once."""
    from app.keys.store import create

    engine, known = _opened(database_url)
    scope = frozenset(route.removeprefix("route/") for route in routes) or None
    if unknown := sorted((scope or frozenset()) - known):
        words = f"the policy has no route or model {unknown[0][:80]!r}; use one of {', '.join(sorted(known))}"
        raise click.BadParameter(words, param_hint="--route")
    now = datetime.now(UTC)
    expires = None if expires_days is None else now + timedelta(days=expires_days)
    key = Key("", name, tenant, role, scope, requests_per_minute, now, _user(), expires)
    _show(create(engine, key), name, as_json)


@keys.command("list", epilog="Example: routescope keys list --json")
@click.option("--all", "everything", is_flag=True, help="Those that are revoked or expired, too.")
@database_option
@json_option
def list_keys(everything: bool, database_url: str | None, as_json: bool) -> None:
    """List the keys: whose each is, what it may do, until when. Never the keys themselves."""
    from app.keys.store import every

    now = datetime.now(UTC)
    found = [key for key, _ in every(_opened(database_url)[0]) if everything or key.state(now) == "active"]
    if as_json:
        click.echo(json.dumps([_document(key, now) for key in found], ensure_ascii=False))
        return
    if not found:
        click.echo("no keys; make one with routescope keys create NAME", err=True)
    for key in found:
        click.echo(_line(key, now))


@keys.command("revoke", epilog="Example: routescope keys revoke billing")
@click.argument("name")
@database_option
@json_option
def revoke_key(name: str, database_url: str | None, as_json: bool) -> None:
    """End every key called NAME; running gateways refuse it within a second."""
    from app.keys.store import revoke

    ended = revoke(_opened(database_url)[0], name, now=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"name": name, "revoked": list(ended)}))
    click.echo(f"{plain.visible(name)}: {len(ended)} key(s) revoked", err=True)


@keys.command("rotate", epilog="Example: routescope keys rotate billing --grace-hours 24")
@click.argument("name")
@click.option("--grace-hours", type=click.FloatRange(0, 24 * 90), default=0.0, show_default=True, help="The old one's.")
@database_option
@json_option
def rotate_key(name: str, grace_hours: float, database_url: str | None, as_json: bool) -> None:
    """Make another key with the rights of NAME and print it, once; the old one ends after its grace."""
    from app.keys.store import rotate

    engine, _ = _opened(database_url)
    minted = rotate(engine, name, now=datetime.now(UTC), grace=timedelta(hours=grace_hours), by=_user())
    _show(minted, name, as_json)


def _opened(database_url: str | None) -> tuple[sa.Engine, frozenset[str]]:
    """The database, and the names that a key's scope may hold."""
    from app.settings import Settings
    from router_core.policy.loading import load_policy
    from telemetry.storage.engine import open_engine

    settings, _ = settings_and_policy(database_url)
    policy = load_policy(Settings.read().policy).policy
    return open_engine(settings.database_url), frozenset((*policy.routes, *(f"model/{name}" for name in policy.models)))


def _show(minted: Minted, name: str, as_json: bool) -> None:
    click.echo(json.dumps({"name": name, "key_id": minted.key_id, "key": minted.text}) if as_json else minted.text)
    click.echo(SHOWN_ONCE.format(name=plain.visible(name)), err=True)


def _document(key: Key, now: datetime) -> dict[str, Any]:
    return {
        "name": key.name,
        "key_id": key.key_id,
        "state": key.state(now),
        "tenant": key.tenant,
        "role": key.role,
        "routes": None if key.routes is None else sorted(key.routes),
        "requests_per_minute": key.requests_per_minute,
        "created": key.created.isoformat(),
        "created_by": key.created_by,
        "expires": None if key.expires is None else key.expires.isoformat(),
        "revoked": None if key.revoked is None else key.revoked.isoformat(),
    }


def _line(key: Key, now: datetime) -> str:
    scope = "any route" if key.routes is None else ", ".join(sorted(key.routes))
    rate = "" if key.requests_per_minute is None else f", {key.requests_per_minute:,} a minute"
    until = key.revoked or key.expires
    ends = "" if until is None else f", until {until:%Y-%m-%d %H:%M} UTC"
    who = f"{plain.visible(key.name):<20} rsk-{key.key_id}-…  {key.state(now):<8} {key.role:<8}"
    return f"{who} tenant {plain.visible(key.tenant)}, {scope}{rate}{ends}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
