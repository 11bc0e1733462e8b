"""Servers of ours, started as a user starts them, on ports that are free."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.launch import is_up

ROOT = Path(__file__).parents[2]
START_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str], health: str) -> Iterator[None]:
    """``python -P`` with these arguments, from when ``health`` answers to the end of the block."""
    child = subprocess.Popen([sys.executable, "-P", *arguments], env=environment, cwd=ROOT, stdin=subprocess.PIPE)
    try:
        end = time.monotonic() + START_S
        while not is_up(health):
            assert child.poll() is None, f"{arguments} ended with code {child.returncode}"
            assert time.monotonic() < end, f"{arguments} did not come up"
            time.sleep(0.1)
        yield
    finally:
        child.terminate()
        child.wait(20)


@contextmanager
def dashboard(environment: Mapping[str, str]) -> Iterator[str]:
    """The address of a dashboard."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(["-m", "app.dashboard", "--server.port", str(port)], environment, f"{address}/_stcore/health"):
        yield address
