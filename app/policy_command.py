"""``routescope policy``: what is wrong with a policy file, all of it at once."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from app.options import json_option
from app.settings import Settings
from router_core.errors import PolicyError


@click.group(epilog="Example: routescope policy check policies/mixed.toml")
def policy() -> None:
    """Look at policy files."""


@policy.command("check", epilog="Example: routescope policy check my-policy.toml")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check_policy(file: Path, as_json: bool) -> None:
    """Report all faults of FILE at once, each with place and remedy."""
    from app.evaluating.build import build_evaluators
    from app.jobs.errand import Errands
    from router_core.policy.loading import load_policy
    from router_core.router import Router

    try:
        loaded = load_policy(file)
        # What a gateway makes of it: a rubric or a folder that is missing shows only there.
        Router.from_policy(loaded)
        # And what the jobs worker makes of it.
        build_evaluators(loaded, Errands.of(Settings.read()))
    except PolicyError as error:
        if as_json:
            click.echo(json.dumps({"valid": False, "faults": [asdict(fault) for fault in error.faults]}))
        for fault in error.faults:
            click.echo(str(fault), err=True)
        click.echo(f"{len(error.faults)} fault(s)", err=True)
        sys.exit(1)
    known = loaded.policy
    if as_json:
        click.echo(json.dumps({"valid": True, "name": known.name, "version": loaded.version}))
    counts = f"{len(known.models)} models, {len(known.routes)} routes, {len(known.rules)} rules"
    click.echo(f"{file}: sound; {known.name} {loaded.version}, {counts}", err=True)
