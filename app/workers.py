"""Several gateway processes on one address: `routescope serve --workers N`.

This process listens and hands the socket on; the workers take connections from it, whichever is free. The first one has
to be ready before the others start, so that what is wrong for each of them is said once. A worker that ends though
nobody asked it to is started again, but not for ever.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import click

from app.launch import busy, child_environment
from app.parent import end_with_parent
from app.policy_watch import reload_on_hangup
from app.settings import Settings

LOOK_EVERY_S: Final = 0.1
START_S: Final = 120.0
"""How long a worker may take until it serves."""
STOP_S: Final = 12.0
"""How long workers may take to end: less than their own parent is given."""
MOST_ENDS: Final = 5
WITHIN_S: Final = 60.0
"""So many workers may end unasked within this time; with one more all of them end."""
BACKLOG: Final = 2048


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker's place: which of how many it is, the socket that it takes connections from, and where the others are.

    It travels on the worker's command line.
    """

    number: int
    """From 1."""
    of: int
    descriptor: int
    folder: Path
    """Each worker listens there too, at `socket_of` its number."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `text` says (ValueError for anything else)."""
        number, of, descriptor, folder = text.split(":", 3)
        return cls(int(number), int(of), int(descriptor), Path(folder))

    @property
    def text(self) -> str:
        """As on a command line."""
        return f"{self.number}:{self.of}:{self.descriptor}:{self.folder}"

    def socket_of(self, number: int) -> Path:
        """Where one worker listens for the others."""
        return self.folder / f"{number}.sock"

    def ready_file(self, number: int) -> Path:
        """Made by a worker once it serves."""
        return self.folder / f"{number}.ready"

    def sockets(self) -> list[socket.socket]:
        """Where this worker takes connections: the address of all, and its own for the others."""
        own = self.socket_of(self.number)
        own.unlink(missing_ok=True)
        private = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        private.bind(str(own))
        return [socket.socket(fileno=self.descriptor), private]


@dataclass(slots=True)
class Workers:
    """The workers of one address, from their start to their end."""

    command: Callable[[Seat], Sequence[str]]
    count: int
    environment: Mapping[str, str]
    listener: socket.socket
    say: Callable[[str], None]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="routescope-")))
    """Of this user alone."""
    first_wait_s: float = 0.1
    """Before a worker that ended is started again; doubled with each end."""
    _children: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ends: deque[float] = field(default_factory=deque)

    def run(self, stop: threading.Event) -> int:
        """Serve until ``stop`` is set, or nothing goes on; the exit code."""
        try:
            return self._serve(stop)
        finally:
            # First: who connects now is refused at once and may go elsewhere, in place of waiting for nobody.
            self.listener.close()
            self._stop_all()
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self) -> None:
        """Have every worker read the policy again. Safe in a signal handler."""
        for child in list(self._children.values()):
            if child.poll() is None:
                child.send_signal(signal.SIGHUP)

    def _serve(self, stop: threading.Event) -> int:
        self._start(1)
        if not self._wait_for(1, stop):
            return 0 if stop.is_set() else self._children[1].poll() or 1
        for number in range(2, self.count + 1):
            self._start(number)
        while not stop.wait(LOOK_EVERY_S):
            for number, child in list(self._children.items()):
                if child.poll() is not None and not self._again(number, child.returncode, stop):
                    return 1
        return 0

    def _start(self, number: int) -> None:
        seat = self._seat(number)
        seat.ready_file(number).unlink(missing_ok=True)
        self._children[number] = subprocess.Popen(  # noqa: S603 (our own command)
            list(self.command(seat)),
            env=dict(self.environment),
            stdin=subprocess.PIPE,  # it ends when this process does
            stdout=subprocess.DEVNULL,
            pass_fds=(seat.descriptor,),
            start_new_session=True,  # a Ctrl-C in the terminal is ours to hand on
        )

    def _seat(self, number: int) -> Seat:
        return Seat(number, self.count, self.listener.fileno(), self.folder)

    def _wait_for(self, number: int, stop: threading.Event) -> bool:
        """Whether a worker came to serve."""
        until, seat = time.monotonic() + START_S, self._seat(number)
        while not stop.wait(LOOK_EVERY_S):
            if seat.ready_file(number).exists():
                return True
            if self._children[number].poll() is not None:
                return False
            if time.monotonic() > until:
                self.say(f"worker {number} did not come to serve within {START_S:.0f} s")
                return False
        return False

    def _again(self, number: int, code: int, stop: threading.Event) -> bool:
        """Start a worker that ended; False when too many have."""
        now = time.monotonic()
        self._ends.append(now)
        while now - self._ends[0] > WITHIN_S:
            self._ends.popleft()
        if len(self._ends) > MOST_ENDS:
            self.say(f"{len(self._ends)} workers ended within {WITHIN_S:.0f} s, the last with {_how(code)}; giving up")
            return False
        wait_s = self.first_wait_s * 2 ** (len(self._ends) - 1)
        self.say(f"worker {number} ended with {_how(code)}; it is started again in {wait_s:g} s")
        self._close_input(self._children[number])
        if not stop.wait(wait_s):
            self._start(number)
        return True

    def _stop_all(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_S
        for number, child in self._children.items():
            try:
                child.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                self.say(f"worker {number} did not stop within {STOP_S:.0f} s and was killed")
            self._close_input(child)

    @staticmethod
    def _close_input(child: subprocess.Popen[bytes]) -> None:
        if child.stdin is not None:
            child.stdin.close()


def serve_with_workers(
    settings: Settings,
    host: str,
    port: int,
    count: int,
    options: Sequence[str],
    *,
    pull: bool,
    with_parent: bool,
) -> int:
    """Serve as several processes until SIGINT or SIGTERM; the exit code. SIGHUP has all of them read the policy again.

    ``options``: further ones of `serve`, for every worker. For the main thread.

    Raises:
        click.ClickException: the address is taken, or the system has no sockets that can be handed on.
    """
    if os.name != "posix":
        raise click.BadParameter("several workers need a Unix system; start one here", param_hint="--workers")
    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(str(busy(host, port, "the gateway", "--port", error))) from None
    if with_parent:
        end_with_parent()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    workers = Workers(worker_command(options, pull=pull), count, child_environment(settings, None), listener, _say)
    reload_on_hangup(workers)
    return workers.run(stop)


def listen(host: str, port: int) -> socket.socket:
    """A socket that several processes can take connections from (OSError when the address is taken)."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def worker_command(options: Sequence[str], *, pull: bool) -> Callable[[Seat], list[str]]:
    """How a worker is started; further ``options`` of `serve`. Only the first one fetches model files."""

    def command(seat: Seat) -> list[str]:
        own = [] if pull and seat.number == 1 else ["--no-pull"]
        start = [sys.executable, "-P", "-m", "app.cli", "serve", "--with-parent", "--as-worker", seat.text]
        return [*start, *own, *options]

    return command


def _say(line: str) -> None:
    click.echo(line, err=True)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
