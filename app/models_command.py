"""``routescope models``: which local models there are, pulling them, removing them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from app.settings import Settings
from router_core.errors import ModelFileError, PolicyError
from router_core.policy import schema
from router_core.policy.loading import load_policy
from router_core.providers import model_state
from router_core.providers.catalog import CATALOG, ModelFile, find
from router_core.providers.fetch import Progress, fetch, remove

_BAR_WIDTH = 30
_LINE_EVERY = 0.1
"""Without a terminal a line for each tenth of the way."""
_STATES = {
    "absent": "not pulled",
    "queued": "waiting to be pulled",
    "pulling": "being pulled",
    "verifying": "being verified",
    "verified": "ready",
    "unverified": "here, not verified yet",
    "failed": "failed",
}


@click.group(epilog="Example: routescope models pull qwen2.5-coder-1.5b")
def models() -> None:
    """Local models: list them, pull them, remove them."""


@models.command("list", epilog="Example: routescope models list --json")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy whose models are named beside the files.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def list_models(policy: Path | None, as_json: bool) -> None:
    """Show every local model: size, state, licence, and which models of the policy use it."""
    settings = Settings.read(policy=policy)
    users = _users(settings.policy)
    rows = [_row(entry, settings.models, users.get(entry.name, [])) for entry in CATALOG]
    if as_json:
        click.echo(json.dumps({"folder": str(settings.models), "models": rows}))
        return
    for row in rows:
        used = f"used by {', '.join(row['used_by'])}" if row["used_by"] else "not used by the policy"
        state = _STATES[row["state"]] + (f" {row['progress']:.0%}" if row["state"] == "pulling" else "")
        click.echo(f"{row['name']:<22} {row['bytes'] / 1e6:>7.0f} MB  {row['licence']:<11} {state}; {used}")
        if row["reason"]:
            click.echo(f"{'':<22} {row['reason']}", err=True)


@models.command("pull", epilog="Example: routescope models pull smollm2-135m")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def pull(name: str, as_json: bool) -> None:
    """Fetch a model's file and verify it. Goes on where an earlier pull was stopped."""
    settings = Settings.read()
    entry = _find(name)
    show = _progress_bar if sys.stderr.isatty() else _progress_lines()
    try:
        path = fetch(entry, settings.models, show)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; `routescope models pull {name}` goes on from here", err=True)
        raise SystemExit(1) from None
    except ModelFileError as error:
        raise _failed(error) from None
    if sys.stderr.isatty():
        click.echo(err=True)
    if as_json:
        click.echo(json.dumps({"name": entry.name, "file": str(path), "bytes": entry.bytes, "sha256": entry.sha256}))
    else:
        click.echo(f"{entry.name} is ready: {path}", err=True)


@models.command("remove", epilog="Example: routescope models remove qwen2.5-coder-1.5b")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def remove_model(name: str, as_json: bool) -> None:
    """Delete a model's file, and what a stopped pull has left of it."""
    entry = _find(name)
    try:
        freed = remove(entry, Settings.read().models)
    except ModelFileError as error:
        raise _failed(error) from None
    if as_json:
        click.echo(json.dumps({"name": entry.name, "freed_bytes": freed}))
    else:
        click.echo(f"{entry.name}: {freed / 1e6:.0f} MB freed" if freed else f"{entry.name} was not here", err=True)


def _find(name: str) -> ModelFile:
    try:
        return find(name)
    except ModelFileError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None


def _failed(error: ModelFileError) -> click.ClickException:
    return click.ClickException(str(error))


def _users(path: Path) -> dict[str, list[str]]:
    """File name in the catalogue -> the policy's models that use it. Empty when the policy is broken."""
    users: dict[str, list[str]] = {}
    try:
        policy = load_policy(path).policy
    except PolicyError as error:
        click.echo(f"the policy cannot be read, so its models are not shown: {error.faults[0]}", err=True)
        return users
    for name, model in policy.models.items():
        if isinstance(model.provider, schema.LocalProvider):
            users.setdefault(model.provider.file, []).append(name)
    return users


def _row(entry: ModelFile, folder: Path, used_by: list[str]) -> dict[str, Any]:
    state = model_state.read(entry, folder)
    return {
        "name": entry.name,
        "file": entry.file,
        "bytes": entry.bytes,
        "licence": entry.licence,
        "quantisation": entry.quantisation,
        "context_window": entry.context_window,
        "state": state.stage,
        "progress": round(state.progress, 4),
        "reason": state.reason,
        "used_by": used_by,
    }


def _progress_bar(progress: Progress) -> None:
    full = round(progress.share * _BAR_WIDTH)
    bar = "█" * full + "░" * (_BAR_WIDTH - full)
    what = f"{progress.stage} from the {progress.source}" if progress.source else progress.stage
    done, total = progress.done_bytes / 1e6, progress.total_bytes / 1e6
    click.echo(
        f"\r\x1b[2K{progress.name} {bar} {progress.share:4.0%} {done:.0f}/{total:.0f} MB, {what}", nl=False, err=True
    )


def _progress_lines() -> Callable[[Progress], None]:
    told = -1.0
    stage = ""

    def show(progress: Progress) -> None:
        nonlocal told, stage
        if progress.stage != stage or progress.share >= told + _LINE_EVERY:
            told, stage = progress.share, progress.stage
            source = f" from the {progress.source}" if progress.source else ""
            click.echo(f"{progress.name}: {progress.stage}{source}, {progress.share:.0%}", err=True)

    return show
