"""One command starts everything and stops everything: gateway, dashboard, jobs; the gateway starts the local models.

Each is a child process of its own. A child whose parent dies ends too: its standard input closes.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import (
    DATABASE_VARIABLE,
    GATEWAY_VARIABLE,
    HOME_VARIABLE,
    KEY_VARIABLE,
    LOGIN_VARIABLE,
    LOOPBACK,
    POLICY_VARIABLE,
    Settings,
    shipped,
)
from telemetry.storage.address import shown

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 15.0


class PortBusy(Exception):
    """An address that RouteScope needs is taken."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where gateway and dashboard listen."""

    host: str
    gateway_port: int
    port: int

    @property
    def gateway_url(self) -> str:
        """For clients, without a path."""
        return f"http://{_in_url(_reached(self.host))}:{self.gateway_port}"

    @property
    def dashboard_url(self) -> str:
        """For a browser."""
        return f"http://{_in_url(_reached(self.host))}:{self.port}"


def _reached(host: str) -> str:
    """Where this machine reaches who listens on all of its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not listened on)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def check_port(host: str, port: int, what: str, flag: str) -> None:
    """Whether an address is free and ours (PortBusy, naming the flag that gives another)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror:
            raise PortBusy(f"{what} cannot listen on {host}: no such address; give another with --host") from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise PortBusy(
                    f"{what} cannot listen on {host}: not this machine's; give another with --host"
                ) from None
            raise busy(host, port, what, flag, error) from None


def busy(host: str, port: int, what: str, flag: str, error: OSError) -> PortBusy:
    """Why one cannot listen on an address, as the system says, and which flag gives another."""
    return PortBusy(
        f"{what} cannot listen on {host}:{port} ({(error.strerror or 'refused').lower()}); "
        f"stop what runs there or give another port with {flag}"
    )


def child_environment(settings: Settings, addresses: Addresses | None) -> dict[str, str]:
    """The environment of our children: one set of settings for all."""
    environment = dict(os.environ)
    environment[HOME_VARIABLE] = environment.get(HOME_VARIABLE, "")
    if not environment[HOME_VARIABLE]:
        del environment[HOME_VARIABLE]
    # Links are kept: where a configuration is mounted, what they lead to is exchanged for another folder.
    environment[POLICY_VARIABLE] = str(settings.policy.absolute())
    environment[DATABASE_VARIABLE] = settings.database_url
    environment["DO_NOT_TRACK"] = "1"
    if settings.login is not None:
        environment[LOGIN_VARIABLE] = str(settings.login)
    if addresses is not None:
        environment[GATEWAY_VARIABLE] = addresses.gateway_url
    # Once the gateway has keys, its siblings need one too: a secret of this start, which no file holds.
    environment[KEY_VARIABLE] = settings.gateway_key or secrets.token_urlsafe(32)
    return environment


def gateway_command(addresses: Addresses, options: Sequence[str] = ()) -> list[str]:
    """The gateway alone; further ``options`` of `serve`."""
    place = ["--host", addresses.host, "--port", str(addresses.gateway_port)]
    return [sys.executable, "-P", "-m", "app.cli", "serve", "--with-parent", *place, *options]


def dashboard_command(addresses: Addresses, login: Path | None = None) -> list[str]:
    """Streamlit over our pages; with a login file, also under the name that it gives to the dashboard.

    Raises:
        LoginFileError
    """
    options = ["--server.address", addresses.host, "--server.port", str(addresses.port), "--server.headless", "true"]
    options += ["--logger.level", "error"]
    names = {*LOOPBACK, "[::1]"} if addresses.host in LOOPBACK else set()
    if login is not None:
        from app.login.file import read_login

        provider = read_login(login).auth
        options += ["--secrets.files", str(login), "--server.corsAllowedOrigins", provider.origin]
        names.add(provider.host)
    for name in sorted(names):
        options += ["--server.allowedHosts", name]
    return [sys.executable, "-P", "-m", "app.dashboard", *options]


def jobs_command(options: Sequence[str] = ()) -> list[str]:
    """The jobs worker; further ``options`` say where its log lines go."""
    return [sys.executable, "-P", "-m", "app.jobs", "--with-parent", *options]


@contextmanager
def running(
    commands: Mapping[str, list[str]], environment: Mapping[str, str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Start children in order; at the end stop them in the opposite order, gateway last, so that it can flush."""
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = subprocess.Popen(  # noqa: S603 (our own commands)
                command,
                env=dict(environment),
                # Streamlit reads .streamlit/config.toml from its working directory.
                cwd=shipped(".streamlit").parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                # A Ctrl-C in the terminal is ours to hand on, in order.
                start_new_session=True,
            )
        yield children
    finally:
        for name, child in reversed(children.items()):
            _stop(name, child)


def _stop(name: str, child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        print(f"{name} did not stop within {STOP_TIMEOUT_S:.0f} s and was killed", file=sys.stderr)


def read_json(url: str, timeout_s: float = 2.0, *, key: str | None = None) -> Any | None:
    """What an address answers to whoever shows this key, or None while nobody does."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (our own loopback address)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310 (as above)
            return json.loads(response.read())
    except (OSError, ValueError):
        return None


def is_up(url: str) -> bool:
    """Whether an address answers with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as response:  # noqa: S310 (our own loopback address)
            return bool(200 <= response.status < 300)
    except OSError:
        return False


def up(
    settings: Settings,
    addresses: Addresses,
    *,
    browser: bool,
    say: Callable[[str], None],
    log_options: Sequence[str] = (),
    gateway_options: Sequence[str] = (),
) -> int:
    """Run everything until Ctrl-C, SIGTERM or the end of a child. Returns the exit code.

    Args:
        log_options: where log lines go, of the gateway and the jobs worker.
        gateway_options: further options of `serve`.

    Raises:
        PortBusy: before anything is started.
    """
    check_port(addresses.host, addresses.gateway_port, "the gateway", "--gateway-port")
    check_port(addresses.host, addresses.port, "the dashboard", "--port")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    commands = {
        "gateway": gateway_command(addresses, [*log_options, *gateway_options]),
        "dashboard": dashboard_command(addresses, settings.login),
        "jobs": jobs_command(log_options),
    }
    environment = child_environment(settings, addresses)
    with running(commands, environment) as children:
        say(f"RouteScope starts with policy {settings.policy} and database {shown(settings.database_url)}")
        code = _watch(addresses, children, stop, browser, say, environment[KEY_VARIABLE])
        say("stopping")
    say("stopped; every decision that was acknowledged is kept")
    return code


def _watch(
    addresses: Addresses,
    children: Mapping[str, subprocess.Popen[bytes]],
    stop: threading.Event,
    browser: bool,
    say: Callable[[str], None],
    key: str,
) -> int:
    waiting = {
        f"gateway    {addresses.gateway_url}/v1": f"{addresses.gateway_url}/healthz",
        f"dashboard  {addresses.dashboard_url}": f"{addresses.dashboard_url}/_stcore/health",
    }
    models: dict[str, str] = {}
    began = time.monotonic()
    while not stop.wait(0.3):
        for name, child in children.items():
            if child.poll() is not None:
                say(f"{name} ended with code {child.returncode}; its own lines above say why")
                return 1
        for line, url in list(waiting.items()):
            if is_up(url):
                say(f"{line}  ready after {time.monotonic() - began:.1f} s")
                del waiting[line]
                if not waiting and browser:
                    webbrowser.open(addresses.dashboard_url)
        if waiting and time.monotonic() - began > START_TIMEOUT_S:
            say(f"not up after {START_TIMEOUT_S:.0f} s: {', '.join(line.split()[0] for line in waiting)}")
            return 1
        if not waiting:
            _tell_models(addresses, models, say, key)
    return 0


def _tell_models(addresses: Addresses, told: dict[str, str], say: Callable[[str], None], key: str) -> None:
    """Say what each model waits for, when that changes; percentages by tens, so that a log stays short."""
    answer = read_json(f"{addresses.gateway_url}/v1/models", key=key)
    if answer is None:
        return
    for entry in answer["data"]:
        known = entry["routescope"]
        if known["kind"] != "model":
            continue
        state = "ready" if known["ready"] else known["reason"]
        progress = known["progress"]
        step = state if progress is None else f"{state.split(' ')[0]} {int(progress * 10)}"
        if told.get(entry["id"]) != step:
            told[entry["id"]] = step
            say(f"model {entry['id']}: {state}")
