"""``routescope doctor``: what is missing on this machine, and how to get it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import click

from app.settings import DEFAULT_GATEWAY_PORT, DEFAULT_HOST, DEFAULT_PORT, Settings
from router_core.errors import PolicyError
from router_core.policy.loading import load_policy
from router_core.providers import model_state
from router_core.providers.build import key_variables
from router_core.providers.catalog import CATALOG
from router_core.providers.local_child import llama_missing
from telemetry.errors import OlderSchema, StorageError
from telemetry.storage.address import shown
from telemetry.storage.engine import database_path, open_reader, reading, writing_refused

Outcome: TypeAlias = Literal["ok", "warn", "fail"]

OLDEST_PYTHON, FIRST_UNKNOWN_PYTHON = (3, 11), (3, 14)
STOLEN_LITELLM = frozenset({"1.82.7", "1.82.8"})
"""Releases that carried code to steal credentials."""
OLDEST_LITELLM = (1, 84)
LEAST_FREE_BYTES = 2_000_000_000
KNOWN_PTH = re.compile(
    r"(distutils-precedence|_virtualenv|a1_coverage|coverage|_editable_impl_\w+|__editable__.*|[\w.\-]*nspkg)\.pth"
)


@dataclass(frozen=True, slots=True)
class Check:
    """What one look has found."""

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""


@click.command(epilog="Example: routescope doctor --json")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy to check instead of the default one.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="The dashboard's port.")
@click.option("--gateway-port", default=DEFAULT_GATEWAY_PORT, show_default=True, help="The gateway's port.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def doctor(policy: Path | None, port: int, gateway_port: int, as_json: bool) -> None:
    """Look at everything that RouteScope needs; exit with 1 when something must be mended."""
    checks = examine(Settings.read(policy=policy), ports=(port, gateway_port))
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
        lambda: [python_version(sys.version_info[:3])],
        lambda: [libgomp(), llama()],
        lambda: [litellm_release(importlib.metadata.version("litellm"))],
        lambda: [startup_code(Path(sysconfig.get_path("purelib")))],
        lambda: [policy_file(settings.policy)],
        lambda: keys(settings.policy, environ),
        lambda: model_files(settings.models),
        lambda: [database(settings.database_url)],
        lambda: [free_space(settings.home, settings.models)],
        lambda: [free_port(port) for port in ports],
    ]
    return [check for look in looks for check in look()]


def python_version(version: tuple[int, ...]) -> Check:
    """Whether this Python is one that RouteScope is tested on."""
    text = ".".join(map(str, version))
    if OLDEST_PYTHON <= version[:2] < FIRST_UNKNOWN_PYTHON:
        return Check("python", "ok", text)
    return Check("python", "fail", text, "use Python 3.11, 3.12 or 3.13")


def libgomp() -> Check:
    """Whether the OpenMP runtime that llama.cpp needs is here."""
    if not sys.platform.startswith("linux"):
        return Check("libgomp", "ok", "not needed on this system")
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return Check("libgomp", "warn", "no local models", llama_missing("libgomp"))
    return Check("libgomp", "ok", "libgomp.so.1 is here")


def llama() -> Check:
    """Whether llama.cpp can be loaded; in a process of its own, which it may take down."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import xllamacpp"], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode == 0:
        return Check("llama.cpp", "ok", f"xllamacpp {importlib.metadata.version('xllamacpp')}")
    lines = done.stderr.strip().splitlines()
    reason = lines[-1] if lines else f"it ended with {done.returncode}"
    return Check("llama.cpp", "warn", "no local models", llama_missing(reason))


def litellm_release(version: str) -> Check:
    """Whether the installed litellm is a sound release."""
    if version in STOLEN_LITELLM:
        remedy = "uninstall it and replace every key that this machine has held"
        return Check("litellm", "fail", f"{version} steals credentials", remedy)
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_LITELLM:
        return Check("litellm", "fail", f"{version} has known holes", "install 1.84 or newer")
    return Check("litellm", "ok", version)


def startup_code(site_packages: Path) -> Check:
    """Whether a ``.pth`` file that nobody knows runs code at each start of Python."""
    strange = []
    for path in sorted(site_packages.glob("*.pth")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if not KNOWN_PTH.fullmatch(path.name) and any(
            line.startswith(("import ", "import\t")) for line in text.splitlines()
        ):
            strange.append(path.name)
    if strange:
        remedy = f"read it in {site_packages}, and remove it unless you put it there"
        return Check("startup code", "fail", f"{', '.join(strange)} runs code at each start of Python", remedy)
    return Check("startup code", "ok", "no unknown .pth file")


def policy_file(path: Path) -> Check:
    """Whether the policy is sound."""
    try:
        loaded = load_policy(path)
    except PolicyError as error:
        more = f", and {len(error.faults) - 1} more" if len(error.faults) > 1 else ""
        return Check("policy", "fail", f"{error.faults[0]}{more}", f"see `routescope policy check {path}`")
    return Check("policy", "ok", f"{loaded.policy.name} ({path}), version {loaded.version}")


def keys(path: Path, environ: Mapping[str, str]) -> list[Check]:
    """Whether the policy's hosted models have their keys. Names only, never values."""
    try:
        policy = load_policy(path).policy
    except PolicyError:
        return []
    wanted: dict[tuple[str, ...], list[str]] = {}
    for name, model in policy.models.items():
        if variables := key_variables(model.provider):
            wanted.setdefault(variables, []).append(name)
    hosted = {name for names in wanted.values() for name in names}
    checks = []
    for variables, names in wanted.items():
        either = " or ".join(variables)
        if any(environ.get(variable, "").strip() for variable in variables):
            checks.append(Check("key", "ok", f"{either} is set, for {', '.join(names)}"))
        else:
            checks.append(
                Check("key", "warn", f"{either} is not set: {', '.join(names)} left out", f"set {variables[0]}")
            )
    if checks and hosted == set(policy.models) and all(check.outcome != "ok" for check in checks):
        checks.append(Check("keys", "fail", "no model of the policy has its key", "set at least one of them"))
    return checks or [Check("keys", "ok", "the policy needs none")]


def model_files(folder: Path) -> list[Check]:
    """Whether each local model's file is here, and is the file that it should be. Hashes what is here."""
    checks = []
    for entry in CATALOG:
        pull = f"run `routescope models pull {entry.name}`"
        path = folder / entry.file
        state = model_state.read(entry, folder)
        if not path.exists():
            coming = {"queued": "waiting to be pulled", "pulling": "being pulled", "verifying": "being verified"}
            found = f"{entry.name} is {coming.get(state.stage, 'not pulled')}"
            checks.append(Check("model", "warn", found, "" if state.stage in coming else pull))
            continue
        try:
            right = path.stat().st_size == entry.bytes and model_state.sha256(path) == entry.sha256
        except OSError as error:
            checks.append(Check("model", "fail", f"{path} cannot be read ({error.strerror})", "check its permissions"))
            continue
        if right:
            checks.append(Check("model", "ok", f"{entry.name}, SHA-256 verified"))
        else:
            checks.append(Check("model", "fail", f"{path} is not the file it should be", f"move it away and {pull}"))
    return checks


def database(url: str) -> Check:
    """Whether the database opens, has our schema and can be written. Makes and changes nothing."""
    try:
        path = database_path(url)
        if path is not None and not path.exists():
            return _folder_for(path)
        with reading(open_reader(url)) as connection:
            connection.exec_driver_sql("SELECT 1")
    except OlderSchema as error:
        return Check("database", "warn", str(error))
    except StorageError as error:
        return Check("database", "fail", str(error))
    if path is None:
        return _server(url)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=2)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.rollback()
    except sqlite3.Error as error:
        remedy = "end what holds it, mend its permissions, or name another with ROUTESCOPE_DATABASE_URL"
        return Check("database", "fail", f"{path} cannot be written ({error})", remedy)
    return Check("database", "ok", f"{path} can be read and written")


def _server(url: str) -> Check:
    try:
        refused = writing_refused(url)
    except StorageError as error:
        return Check("database", "fail", str(error))
    if refused is not None:
        return Check("database", "fail", f"{shown(url)} cannot be written: {refused}", "ask who runs the server")
    return Check("database", "ok", f"{shown(url)} can be read and written")


def _folder_for(path: Path) -> Check:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Check("database", "ok", f"{path} will be made at the first start")
    remedy = "set ROUTESCOPE_HOME to a folder of yours"
    return Check("database", "fail", f"{path} cannot be made: {folder} is not writable", remedy)


def free_space(*folders: Path) -> Check:
    """Whether there is room for the database and the model files."""
    least = min((shutil.disk_usage(_existing(folder)).free, folder) for folder in folders)
    found = f"{least[0] / 1e9:.1f} GB free for {least[1]}"
    if least[0] < LEAST_FREE_BYTES:
        return Check("disk", "warn", found, "free some, or set ROUTESCOPE_HOME to a larger disk")
    return Check("disk", "ok", found)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def free_port(port: int) -> Check:
    """Whether a port of ours is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((DEFAULT_HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return Check("port", "warn", f"{port} is taken ({reason})", "end what uses it, or choose another port")
    return Check("port", "ok", f"{port} is free")
