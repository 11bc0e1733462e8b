"""The command, and all its looks in order."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import click

from app.doctor import access, machine, policy, store
from app.doctor.check import Check
from app.settings import DEFAULT_GATEWAY_PORT, DEFAULT_PORT, LOGIN_VARIABLE, Settings


@click.command(epilog="Example: routescope doctor --json")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="Policy to check instead of the default one."
)
@click.option(
    "--login", type=click.Path(path_type=Path), envvar=LOGIN_VARIABLE, help="Login file of the dashboard to check."
)
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="The dashboard's port.")
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="The gateway's port.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def doctor(policy_file: Path | None, login: Path | None, port: int, gateway_port: int, as_json: bool) -> None:
    """Look at everything that RouteScope needs; exit with 1 when something must be mended."""
    settings = replace(Settings.read(policy=policy_file), login=login)
    checks = examine(settings, ports=(port, gateway_port))
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            click.echo(
                f"{check.outcome:<4}  {check.name}: {check.found}" + (f"; {check.remedy}" if check.remedy else "")
            )
    if any(check.outcome == "fail" for check in checks):
        raise SystemExit(1)


def examine(
    settings: Settings,
    *,
    ports: tuple[int, ...] = (DEFAULT_PORT, DEFAULT_GATEWAY_PORT),
    environ: Mapping[str, str] = os.environ,
) -> list[Check]:
    """Every check, in an order in which one would mend. Writes nothing."""
    looks: list[Callable[[], list[Check]]] = [
        lambda: [machine.python_version(sys.version_info[:3])],
        lambda: [machine.libgomp(), machine.llama()],
        lambda: [machine.litellm_release(importlib.metadata.version("litellm"))],
        lambda: [machine.startup_code(Path(sysconfig.get_path("purelib")))],
        lambda: [policy.policy_file(settings.policy)],
        lambda: policy.keys(settings.policy, environ),
        lambda: policy.model_files(settings.models),
        lambda: [store.database(settings.database_url)],
        lambda: store.jobs(settings.database_url),
        lambda: access.gateway_keys(settings.database_url, settings.login),
        lambda: access.login(settings.login),
        lambda: [machine.free_space(settings.home, settings.models)],
        lambda: [machine.free_port(port) for port in ports],
    ]
    return [check for look in looks for check in look()]
