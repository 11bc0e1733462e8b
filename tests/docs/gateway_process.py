"""The real gateway as a process of its own, on a free loopback port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.launch import is_up

START_S = 60.0


@contextmanager
def running_gateway(environment: Mapping[str, str]) -> Iterator[str]:
    """Its address while it runs; no model file is fetched. It must end with code 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "app.cli", "serve", "--no-pull", "--with-parent", "--port", str(port)],
        env=dict(environment),
        stdin=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + START_S
        while not is_up(f"{url}/healthz"):
            assert child.poll() is None, f"the gateway ended with code {child.returncode}"
            assert time.monotonic() < end, f"no gateway within {START_S:g} s"
            time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(20)
