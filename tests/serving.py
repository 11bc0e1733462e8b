"""The real gateway on loopback, in a thread of its own, over a policy whose models call a scripted upstream."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from app.gateway.connection import Connection
from app.gateway.server import configuration, create_app
from app.settings import HOME_VARIABLE, KEY_VARIABLE, Settings
from app.wiring import Service
from router_core.clock import Clock

POLICY = """
format = 1
name = "loopback"
default_route = "chat"
tiers = ["small", "large"]

[models.small]
tier = "small"
location = "local"
capabilities = ["json"]
timeout_s = 5
provider = {{ kind = "openai", base_url = "{url}", model = "upstream-small", api_key_env = "LOOPBACK_KEY" }}
price = {{ kind = "tokens", input = "1", output = "2" }}

[models.large]
tier = "large"
location = "cloud"
capabilities = ["json"]
timeout_s = 5
provider = {{ kind = "openai", base_url = "{url}", model = "upstream-large", api_key_env = "LOOPBACK_KEY" }}
price = {{ kind = "tokens", input = "10", output = "20" }}

[tools.calculator]
kind = "calculator"

[validators.polite]
kind = "refusal"

[[rules]]
name = "too-risky"
any_of = [{{ min_risk = "high" }}]
then = {{ kind = "deny", message = "Ask a person." }}

[routes.chat]
tools = ["calculator"]
validators = ["polite"]
strategy = {{ kind = "cascade", tiers = ["small", "large"] }}

[routes.quick]
stream = "immediate"
strategy = {{ kind = "cascade", tiers = ["small"] }}

[resilience]
retry = {{ enabled = false }}
breaker = {{ enabled = false }}
"""


def write_policy(folder: Path, upstream_url: str) -> Path:
    """The policy above, as a file."""
    file = folder / "loopback.toml"
    file.write_text(POLICY.format(url=upstream_url), encoding="utf-8")
    return file


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gateway(
    home: Path,
    policy: Path,
    clock: Clock | None = None,
    *,
    own_key: str = "",
    connection: type[Connection] = Connection,
) -> Iterator[tuple[str, Service]]:
    """Address and service of a running gateway; closing it flushes everything.

    ``clock`` paces its looks at the policy's file; ``own_key`` is what a launcher gives to the processes of one start.
    ``connection``: how long clients may take.
    """
    environ = {HOME_VARIABLE: str(home), KEY_VARIABLE: own_key}
    service = Service.open(Settings.read(policy=policy, environ=environ))
    port = free_port()
    server = uvicorn.Server(configuration(create_app(service, pull=False, clock=clock), "127.0.0.1", port, connection))
    thread = threading.Thread(target=server.run, name="gateway", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the gateway ended while it started"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}", service
    finally:
        server.should_exit = True
        thread.join(20)
