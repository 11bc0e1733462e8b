"""The console command ``routescope``. Human text goes to stderr, data to stdout; exit 0, 1 (failed), 2 (bad input)."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.settings import DEFAULT_GATEWAY_PORT, DEFAULT_HOST, DEFAULT_PORT, LOGIN_VARIABLE, LOOPBACK, Settings
from router_core.errors import PolicyError, ReplayError, RequestError, RouteScopeError
from telemetry.errors import TelemetryError, UnknownModel, UnknownWeek
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from app.log_output import LogFormat


_policy = click.option("--policy", type=click.Path(path_type=Path), help="Policy file; default: policies/local.toml.")
_database = click.option("--db", "database_url", help="Database, as sqlite:///FILE or postgresql://HOST/NAME.")
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
_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
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


class LazyGroup(click.Group):
    """A group whose heavier commands are imported only when they are called."""

    lazy = {
        "alerts": "app.alerts_command:alerts",
        "db": "app.db_command:db",
        "models": "app.models_command:models",
        "doctor": "app.doctor.command:doctor",
        "demo": "app.demo_command:demo",
        "drift": "app.drift_command:drift",
        "evaluate": "app.evaluate_command:evaluate",
        "evidence": "app.evidence_command:evidence",
        "keys": "app.keys.command:keys",
        "replay": "app.replay.command:replay",
        "report": "app.report.command:report",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted([*super().list_commands(ctx), *self.lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is asked for."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, epilog="Example: routescope up")
@click.version_option(package_name="routescope", prog_name="routescope")
def cli() -> None:
    """Route every prompt to the right model, and see why, what it cost, and whether it was right."""


@cli.command(epilog="Example: routescope up --port 8600 --no-browser")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="The dashboard's port.")
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="The gateway's port.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need a login.")
@_login
@_insecure
@_database
@_policy
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@_workers
@_log_format
@_log_file
@_json
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

    settings = _with_login(_settings(policy, database_url), login, host, insecure=insecure)
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


@cli.command(epilog="Example: routescope serve --policy policies/cloud.toml")
@click.option("--port", default=DEFAULT_GATEWAY_PORT, show_default=True)
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need keys.")
@click.option("--insecure", is_flag=True, help="Listen beyond this machine without keys: anybody may do everything.")
@_database
@_policy
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
        sys.exit(serve_with_workers(_settings(policy, database_url), *parts, pull=pull, with_parent=with_parent))

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
        settings = _settings(policy, database_url)
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


@cli.command(epilog="Example: routescope dashboard --port 8600")
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="A gateway there is used.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="An address to listen on; others need a login.")
@_login
@_insecure
@_database
@_policy
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

    settings = _with_login(_settings(policy, database_url), login, host, insecure=insecure)
    addresses = launch.Addresses(host, gateway_port, port)
    commands = {"dashboard": launch.dashboard_command(addresses, settings.login)}
    try:
        launch.check_port(host, port, "the dashboard", "--port")
        if not launch.is_up(f"{addresses.gateway_url}/healthz"):
            launch.check_port(host, gateway_port, "the gateway", "--gateway-port")
            commands = {"gateway": launch.gateway_command(addresses), **commands}
    except launch.PortBusy as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"dashboard on {addresses.dashboard_url}", err=True)
    with launch.running(commands, launch.child_environment(settings, addresses)) as children:
        try:
            children["dashboard"].wait()
        except KeyboardInterrupt:
            click.echo("stopping", err=True)


@cli.command(epilog='Example: routescope route "What is 12 * 7?" --json')
@click.argument("prompt")
@click.option("--route", "route_name", help="Route or model; default: the policy's default route.")
@click.option("--context", "pairs", multiple=True, metavar="K=V", help="As risk=high or data_class=sensitive.")
@click.option("--explain", is_flag=True, help="Give the decision without calling a model.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait for a local model to load.")
@_database
@_policy
@_json
def route(
    prompt: str,
    route_name: str | None,
    pairs: tuple[str, ...],
    explain: bool,
    wait: float,
    database_url: str | None,
    policy: Path | None,
    as_json: bool,
) -> None:
    """Route one PROMPT (- reads it from stdin) and print the answer, or with --json the decision."""
    from router_core.request import Context, RouteRequest

    text = sys.stdin.read() if prompt == "-" else prompt
    context = Context.from_mapping(dict(_pair(pair) for pair in pairs))
    request = RouteRequest.from_prompt(text, route=route_name, context=context)
    request.check()
    asyncio.run(_route(request, _settings(policy, database_url), explain=explain, wait_s=wait, as_json=as_json))


async def _route(request: Any, settings: Settings, *, explain: bool, wait_s: float, as_json: bool) -> None:
    from app.wiring import Service

    service = Service.open(settings)
    try:
        decision = await service.router.explain(request)
        if not explain and decision.chosen_kind not in ("tool", "cache"):
            await service.wait_for_models(wait_s)
        if explain:
            click.echo(json.dumps(asdict(decision), ensure_ascii=False) if as_json else decision.reason)
            return
        result = await service.router.aroute(request)
    finally:
        await service.aclose()
    if as_json:
        document = {**asdict(result.decision), "answer": result.text, "commit": result.commit}
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        click.echo(_printable(result.text))
        click.echo(f"— {result.decision.reason} (decision {result.decision.decision_id})", err=True)


def _printable(text: str) -> str:
    """A model's text without what a terminal would obey: control characters but line ends and tabs."""
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160))


@cli.group(epilog="Example: routescope policy check policies/mixed.toml")
def policy() -> None:
    """Look at policy files."""


@policy.command("check", epilog="Example: routescope policy check my-policy.toml")
@click.argument("file", type=click.Path(path_type=Path))
@_json
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


def _settings(policy: Path | None, database_url: str | None) -> Settings:
    """Settings of this call; the policy's own database counts below flag and environment."""
    from router_core.policy.loading import load_policy

    settings = Settings.read(policy=policy, database_url=database_url)
    own = load_policy(settings.policy).policy.telemetry.database_url
    return Settings.read(policy=policy, database_url=database_url, policy_database_url=own)


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


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--context")
    return name.strip(), value.strip()


def main(arguments: list[str] | None = None) -> None:
    """Run the command; our own errors become one sentence and an exit code."""
    try:
        cli.main(args=arguments, prog_name="routescope")
    except (RequestError, PolicyError, ReplayError, UnknownWeek, UnknownModel) as error:
        click.echo(f"routescope: {error}", err=True)
        sys.exit(2)
    except (RouteScopeError, TelemetryError) as error:
        click.echo(f"routescope: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
