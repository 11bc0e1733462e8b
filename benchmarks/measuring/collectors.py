"""Other stores of traces, started and fed over OTLP: Phoenix and MLflow, in an environment of their own.

Their packages are pinned, installed with uv beside this interpreter, once, into the user's cache folder. A peer that
cannot be installed or started is left out, with a message.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import urllib3
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

START_S = 180.0
"""Longest time until a peer listens; at its first start it compiles and migrates."""
CALM_S = 120.0
"""Longest time until a peer that listens has nothing more to do; what it starts beside itself goes on starting."""
SETTLE_S = 10.0
"""A peer whose number of spans has stood still for so long has what it will ever have."""
BATCH = 512
"""Spans in one request, as the SDK's own exporter sends them."""


class Unavailable(Exception):
    """A peer cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """One other store."""

    name: str
    requirement: str
    command: Callable[[Path, int], Sequence[str]]
    """From its folder and port."""
    environment: Callable[[Path, int], Mapping[str, str]]
    headers: Mapping[str, str]
    database: str
    """The SQLite file in its folder, whose table ``spans`` is what can be queried."""


PHOENIX = Peer(
    "Phoenix",
    "arize-phoenix==20.26.*",
    lambda folder, port: ("phoenix", "serve"),
    lambda folder, port: {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    },
    {},
    "phoenix.db",
)
MLFLOW = Peer(
    "MLflow",
    "mlflow==3.17.*",
    lambda folder, port: (
        *("mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "kept")),
    ),
    # Without its price catalogue, which it would fetch for each span: that is kind to it, and offline it stalls.
    lambda folder, port: {"MLFLOW_MODEL_CATALOG_URI": "", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"},
    {"x-mlflow-experiment-id": "0"},
    "mlflow.db",
)
PEERS = (PHOENIX, MLFLOW)


@dataclass(frozen=True)
class Fed:
    """How a peer took spans."""

    sent: int
    kept: int
    """Of them, those that can be queried in the end."""
    seconds: float
    """From the first request to the last span that can be queried."""


def feed(peer: Peer, first: Sequence[ReadableSpan], spans: Sequence[ReadableSpan], folder: Path) -> Fed:
    """Start a peer on an empty store and send it these spans, each request after the answer to the one before.

    Args:
        first: spans that are not measured, for what it does at its first ones alone.

    Raises:
        Unavailable
    """
    programs = _installed(peer)
    port = free_port()
    with _running(peer, programs, folder, port) as group, urllib3.PoolManager(retries=False, timeout=120.0) as http:
        _calm(group)
        _send(peer, http, port, first)
        before, _ = _settled(folder / peer.database, len(first), 0.0)
        _calm(group)
        begin = time.perf_counter()
        _send(peer, http, port, spans)
        kept, seconds = _settled(folder / peer.database, before + len(spans), begin)
    return Fed(len(spans), kept - before, seconds)


@contextmanager
def holding(peer: Peer, spans: Sequence[ReadableSpan], folder: Path) -> Iterator[str]:
    """A peer that holds these spans, or as many of them as it keeps, and has nothing more to do: its address.

    Raises:
        Unavailable
    """
    port = free_port()
    with _running(peer, _installed(peer), folder, port) as group:
        with urllib3.PoolManager(retries=False, timeout=120.0) as http:
            _send(peer, http, port, spans)
        _settled(folder / peer.database, len(spans), 0.0)
        _calm(group)
        yield f"http://127.0.0.1:{port}"


def _send(peer: Peer, http: urllib3.PoolManager, port: int, spans: Sequence[ReadableSpan]) -> None:
    headers = {"Content-Type": "application/x-protobuf", **peer.headers}
    for start in range(0, len(spans), BATCH):
        body = encode_spans(spans[start : start + BATCH]).SerializeToString()
        answer = http.request("POST", f"http://127.0.0.1:{port}/v1/traces", body=body, headers=headers)
        if answer.status != 200:
            raise Unavailable(f"{peer.name} answers {answer.status}: {answer.data[:200]!r}")


def free_port() -> int:
    """A port of the loopback interface that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settled(database: Path, expected: int, begin: float) -> tuple[int, float]:
    """How many spans there are once their number stands still, and after how many seconds that was so."""
    kept, since = _count(database), time.perf_counter()
    while kept < expected and time.perf_counter() - since < SETTLE_S:
        time.sleep(0.02)
        now = _count(database)
        if now != kept:
            kept, since = now, time.perf_counter()
    return kept, since - begin


def _count(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30.0)) as connection:
        return int(connection.execute("SELECT count(*) FROM spans").fetchone()[0])


def _installed(peer: Peer) -> Path:
    """The folder of a peer's programs, installed if need be."""
    folder = Path(platformdirs.user_cache_dir("routescope")) / "benchmarks" / peer.name.lower()
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / "complete").is_file():
        print(f"installing {peer.requirement} into {folder}", file=sys.stderr)
        uv = [str(Path(sys.executable).with_name("uv"))]
        _run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], peer)
        _run([*uv, "pip", "install", "-q", "--python", str(programs / "python"), peer.requirement], peer)
        (folder / "complete").touch()
    return programs


def _run(command: Sequence[str], peer: Peer) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise Unavailable(f"{peer.name} cannot be installed: {error}") from None
    if done.returncode:
        raise Unavailable(f"{peer.name} cannot be installed: {done.stderr.strip()[-300:]}")


@contextmanager
def _running(peer: Peer, programs: Path, folder: Path, port: int) -> Iterator[int]:
    """A peer that listens, by its process group; ended at the end, with the processes that it started."""
    name, *arguments = peer.command(folder, port)
    environment = {**os.environ, **peer.environment(folder, port)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs / name), *arguments],
            env={**environment, "PATH": f"{programs}{os.pathsep}{environment.get('PATH', '')}"},
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(peer, process, folder, port)
            yield process.pid
        finally:
            _end(process)


def _wait_for(peer: Peer, process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0):
                return
        except OSError:
            time.sleep(0.2)
    raise Unavailable(f"{peer.name} does not start: {(folder / 'log').read_text(errors='replace')[-300:]}")


def _calm(group: int) -> None:
    """Wait until a process group hardly works, at most `CALM_S`; at once where that cannot be seen."""
    deadline, before = time.monotonic() + CALM_S, _worked(group)
    while before is not None and time.monotonic() < deadline:
        time.sleep(2.0)
        now = _worked(group)
        if now is None or now - before < 0.1:
            return
        before = now


def _worked(group: int) -> float | None:
    """Seconds of the processor that the processes of a group have used; None where there is no /proc."""
    ticks, found = 0, False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks, found = ticks + int(fields[11]) + int(fields[12]), True
    return ticks / os.sysconf("SC_CLK_TCK") if found else None


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, 15)
    else:
        process.terminate()
    try:
        process.wait(20.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
