"""Whether this machine has what RouteScope runs on: Python, libraries, room, ports."""

from __future__ import annotations

import ctypes
import importlib.metadata
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from app.doctor.check import Check
from app.settings import DEFAULT_HOST
from router_core.providers.local_child import llama_missing

OLDEST_PYTHON, FIRST_UNKNOWN_PYTHON = (3, 11), (3, 14)
STOLEN_LITELLM = frozenset({"1.82.7", "1.82.8"})
"""Releases that carried code to steal credentials."""
OLDEST_LITELLM = (1, 84)
LEAST_FREE_BYTES = 2_000_000_000
KNOWN_PTH = re.compile(
    r"(distutils-precedence|_virtualenv|a1_coverage|coverage|_editable_impl_\w+|__editable__.*|[\w.\-]*nspkg)\.pth"
)


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
