"""``routescope up``, ``serve`` and ``dashboard``: what goes on running until it is stopped."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import database_option, json_option, policy_option, settings_of
from app.settings import DEFAULT_GATEWAY_PORT, DEFAULT_HOST, DEFAULT_PORT, LOGIN_VARIABLE, LOOPBACK, Settings
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from app.log_output import LogFormat

_login = click.option(
    "--login",
    type=click.Path(path_type=Path),
    envvar=LOGIN_VARIABLE,
    help="Login file: who the dashboard's visitors are and what each may do.",
)
_insecure = click.option(
    "--insecure", is_flag=True, help="Listen beyond this machine with no login and no keys: anybody may do everything."
)
_workers = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Gateway processes on the one port; they share budgets, rates, breakers, sessions and cache.",
)
_log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: a line a decision.",
)
_log_file = click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Log lines go there, not to stderr.",
)


@click.command(epilog="Example: routescope up --port 8600 --no-browser")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="The dashboard's port.")
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="The gateway's port.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need a login.")
@_login
@_insecure
@database_option
@policy_option
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@_workers
@_log_format
@_log_file
@json_option
def up(
    port: int,
    gateway_port: int,
    host: str,
    login: Path | None,
    insecure: bool,
    database_url: str | None,
    policy: Path | None,
    no_browser: bool,
    workers: int,
    log_format: str,
    log_file: Path | None,
    as_json: bool,
) -> None:
    """Start gateway, dashboard, local models and jobs; Ctrl-C stops all of it."""
    from app.launch import Addresses, PortBusy
    from app.launch import up as start

    settings = _with_login(settings_of(policy, database_url), login, host, insecure=insecure)
    addresses = Addresses(host, gateway_port, port)
    if as_json:
        urls = {"gateway": addresses.gateway_url, "dashboard": addresses.dashboard_url}
        click.echo(json.dumps({**urls, "database": shown(settings.database_url), "policy": str(settings.policy)}))
    serve_as = [*(["--insecure"] if insecure else []), "--workers", str(workers)]

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        code = start(
            settings,
            addresses,
            browser=not no_browser,
            say=say,
            log_options=_logging_as(log_format, log_file),
            gateway_options=serve_as,
        )
    except PortBusy as error:
        raise click.ClickException(str(error)) from None
    sys.exit(code)


@click.command(epilog="Example: routescope serve --policy policies/cloud.toml")
@click.option("--port", default=DEFAULT_GATEWAY_PORT, show_default=True)
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need keys.")
@click.option("--insecure", is_flag=True, help="Listen beyond this machine without keys: anybody may do everything.")
@database_option
@policy_option
@click.option("--pull/--no-pull", default=True, show_default=True, help="Fetch missing local model files.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes.")
@_workers
@click.option("--as-worker", hidden=True, help="The place of a worker among others.")
@_log_format
@_log_file
def serve(
    port: int,
    host: str,
    insecure: bool,
    database_url: str | None,
    policy: Path | None,
    pull: bool,
    with_parent: bool,
    workers: int,
    as_worker: str | None,
    log_format: LogFormat,
    log_file: Path | None,
) -> None:
    """Start the gateway alone."""
    if workers > 1:
        from app.workers import serve_with_workers

        options = [*_logging_as(log_format, log_file), "--host", host, "--port", str(port)]
        options += ["--insecure"] if insecure else []
        parts = (host, port, workers, options)
        sys.exit(serve_with_workers(settings_of(policy, database_url), *parts, pull=pull, with_parent=with_parent))

    from app.gateway.server import serve as run
    from app.keys.store import active as active_keys
    from app.launch import PortBusy, check_port
    from app.log_output import LogOutput
    from app.parent import end_with_parent
    from app.wiring import Service
    from app.workers import Seat
    from router_core.redaction import redact_text

    seat = None if as_worker is None else Seat.from_text(as_worker)
    try:
        if seat is None:
            check_port(host, port, "the gateway", "--port")
        output = LogOutput(log_format, log_file, redact_text)
    except PortBusy as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        message = f"{log_file} cannot be written ({error.strerror}); give another file"
        raise click.BadParameter(message, param_hint="--log-file") from None
    with output:
        settings = settings_of(policy, database_url)
        service = Service.open(settings, beside_others=seat is not None)
        if host not in LOOPBACK and not insecure and not active_keys(service.telemetry.engine):
            asyncio.run(service.aclose())
            raise click.BadParameter(
                f"{host} is more than this machine, and there are no keys; make one with routescope keys create NAME, "
                "or say --insecure",
                param_hint="--host",
            )
        if with_parent:
            end_with_parent()
        if seat is None or seat.number == 1:
            click.echo(f"gateway on http://{host}:{port}/v1, policy {service.loaded.policy.name}", err=True)
        run(service, host=host, port=port, pull=pull, keyless=insecure, seat=seat)


@click.command(epilog="Example: routescope dashboard --port 8600")
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="A gateway there is used.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need a login.")
@_login
@_insecure
@database_option
@policy_option
def dashboard(
    port: int,
    gateway_port: int,
    host: str,
    login: Path | None,
    insecure: bool,
    database_url: str | None,
    policy: Path | None,
) -> None:
    """Start the dashboard; when no gateway answers, one is started with it."""
    from app import launch

    settings = _with_login(settings_of(policy, database_url), login, host, insecure=insecure)
    addresses = launch.Addresses(host, gateway_port, port)
    commands = {"dashboard": launch.dashboard_command(addresses, settings.login)}
    try:
        launch.check_port(host, port, "the dashboard", "--port")
        if not launch.is_up(f"{addresses.gateway_url}/healthz"):
            launch.check_port(host, gateway_port, "the gateway", "--gateway-port")
            commands = {"gateway": launch.gateway_command(addresses, ["--insecure"] if insecure else []), **commands}
    except launch.PortBusy as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"dashboard on {addresses.dashboard_url}", err=True)
    with launch.running(commands, launch.child_environment(settings, addresses)) as children:
        try:
            children["dashboard"].wait()
        except KeyboardInterrupt:
            click.echo("stopping", err=True)


def _with_login(settings: Settings, login: Path | None, host: str, *, insecure: bool) -> Settings:
    """The same with a login file that is known to be sound; without one the dashboard stays on this machine."""
    from app.login.file import LoginFileError, read_login

    if login is None:
        if host not in LOOPBACK and not insecure:
            raise click.BadParameter(
                f"{host} is more than this machine, and nobody would have to log in; give a login file with --login "
                "(docs/deploy.md), or say --insecure",
                param_hint="--host",
            )
        return settings
    try:
        read_login(login)
    except LoginFileError as error:
        raise click.BadParameter(str(error), param_hint="--login") from None
    return replace(settings, login=login.absolute())


def _logging_as(log_format: str, log_file: Path | None) -> list[str]:
    """The same options for a child."""
    return ["--log-format", log_format, *(() if log_file is None else ("--log-file", str(log_file.absolute())))]
