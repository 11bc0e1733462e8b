"""Stores with a known traffic, for tests of alerts; and a web and a mail server that take what is sent to them."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemetry.alerts import outbox
from telemetry.alerts.erasure import forget_tenant
from telemetry.alerts.measure import Outside
from telemetry.alerts.round import Channel, Round, evaluate
from telemetry.alerts.rule import Rule
from telemetry.alerts.silences import silence
from telemetry.alerts.tables import ALERTS
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, reading, writing
from tests.loopback import LoopbackServer, QuietHandler
from tests.traces import START, Attempt, Routed, emit

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAILED = (Attempt(outcome="failed", latency_ms=90.0),)


def store(folder: Path, routed: Sequence[Routed] = ()) -> sa.Engine:
    """A writer, on a store that holds these."""
    url = f"sqlite:///{folder / 't.db'}"
    add(folder, routed)
    return open_engine(url)


def add(folder: Path, routed: Sequence[Routed]) -> None:
    """Put further decisions into it."""
    with Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for one in routed:
            emit(tracer, one)


def some(n: int, *, failed: int = 0, at: datetime = NOW - 10 * MINUTE, name: str = "d", **more: Any) -> list[Routed]:
    """``n`` decisions around a moment, the first ``failed`` of them failed."""
    return [
        Routed(
            f"{name}{number:05}",
            at=at + timedelta(milliseconds=number),
            **({"attempts": FAILED, "status": "failed"} if number < failed else {}),
            **more,
        )
        for number in range(n)
    ]


def failures(**more: Any) -> Rule:
    """A rule about failed requests that fires at once."""
    return Rule(**{"name": "failures", "metric": "failure_rate", "comparison": "above", "threshold": 0.05} | more)


def fill(engine: sa.Engine) -> None:
    """Some evaluations over a store of `tests.traces`: real and simulated alerts, a silence, messages."""
    rules = (
        failures(window=timedelta(days=4), channels=("team",), min_n=5, certain=False),
        Rule("by model", "branch_failure_rate", "above", 0.01, window=timedelta(days=4), per="model", min_n=2),
        Rule("by tenant", "requests", "above", 1, window=timedelta(days=4), per="tenant", lasting=MINUTE),
        Rule("quiet", "latency_p95", "above", 1e9),
        Rule("budgets", "budget_use", "above", 0.8),
        Rule("drifted", "drift", "above", 0, severity="info"),
        Rule("breakers", "open_breakers", "above", 0),
        Rule("spool", "spool_waiting", "above", 0),
    )
    begun = START + timedelta(days=4)
    for minutes in range(3):
        moment = begun + minutes * MINUTE
        evaluate(engine, rules, now=moment, channels=(Channel("team"),), outside=Outside(why="no gateway"))
    silence(engine, "by tenant", "acme", until=begun + timedelta(days=20_000), author="me", why="so", now=begun)
    evaluate(engine, rules[:-1], now=begun + 3 * MINUTE, channels=(Channel("team"),))
    for minutes, error in ((4, "it answered HTTP 500"), (5, None)):
        parcel = outbox.claim(engine, "team", begun + minutes * MINUTE)
        assert parcel is not None and outbox.claim(engine, "team", begun + minutes * MINUTE) is None
        outbox.settle(engine, parcel, begun + minutes * MINUTE, error=error, ms=12.5)
    with writing(engine) as connection:
        assert forget_tenant(connection, "Acme") > 0


def kept(engine: sa.Engine) -> dict[str, list[str]]:
    """All rows of all tables of alerts that have any."""
    with reading(engine) as connection:
        found = {table.name: sorted(map(repr, connection.execute(sa.select(table)))) for table in ALERTS}
    return {name: rows for name, rows in found.items() if rows}


def rounds(
    engine: sa.Engine, rules: Sequence[Rule], minutes: int, *, start: datetime = NOW, **more: Any
) -> list[Round]:
    """Evaluations, one a minute."""
    return [evaluate(engine, rules, now=start + n * MINUTE, **more) for n in range(minutes)]


class Hook:
    """What a webhook was sent, and what it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.location: str | None = None
        self.held: threading.Event | None = None
        """While it is not set, nothing is answered."""
        self.asked = threading.Event()
        self.url = ""


@contextmanager
def webhook() -> Iterator[Hook]:
    """A web server on loopback."""
    hook = Hook()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.body()
            hook.paths.append(self.path)
            hook.asked.set()
            if hook.held is not None:
                hook.held.wait(60)
            hook.bodies.append(json.loads(body))
            self.answer(hook.status, b"", **({} if hook.location is None else {"Location": hook.location}))

    with LoopbackServer(Handler) as server:
        hook.url = f"{server.base_url}/services/T0/secret"
        try:
            yield hook
        finally:
            if hook.held is not None:
                hook.held.set()


class Post:
    """What a mail server was sent, and what it refuses."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.recipients: list[str] = []
        self.refuses: set[str] = set()
        self.logins: list[str] = []
        self.port = 0


@contextmanager
def mail_server() -> Iterator[Post]:
    """As much of SMTP (RFC 5321) on loopback as a mail needs."""
    post = Post()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode("utf-8", "replace").strip():
                verb, _, rest = line.partition(" ")
                match verb.upper():
                    case "EHLO":
                        self.say("250-here\r\n250 AUTH PLAIN")
                    case "AUTH":
                        post.logins.append(rest)
                        self.say("535 no" if "AUTH" in post.refuses else "235 yes")
                    case "RCPT" if any(one in rest for one in post.refuses):
                        self.say("550 unknown")
                    case "RCPT":
                        post.recipients.append(rest.partition(":")[2].strip("<> "))
                        self.say("250 ok")
                    case "DATA":
                        self.say("354 go on")
                        lines = []
                        while (text := self.rfile.readline().decode("utf-8", "replace")) not in (".\r\n", ""):
                            lines.append(text)
                        post.mails.append("".join(lines))
                        self.say("250 kept")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    post.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield post
    finally:
        server.shutdown()
        server.server_close()
