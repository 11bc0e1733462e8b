"""The local model server as the rest of us sees it: started when needed, shared, watched, restarted, ended.

    LocalServer.ensure()  --starts-->  local_child (llama.cpp)  --writes-->  runtime file
           ^  one thread watches the child, the runtime file and the model files; status() only reads memory

A second process of ours finds the first one's child through the runtime file and uses it; a lock that the child
holds while it lives prevents two.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from router_core.errors import ModelNotReady
from router_core.providers import model_state
from router_core.providers.base import READY, Readiness
from router_core.providers.catalog import CATALOG, ModelFile
from router_core.providers.keys import NO_KEY, Key
from router_core.providers.local_child import EXIT_ANOTHER_RUNS, LOCK_FILE, RUNTIME_FILE, Runtime

LOG_FILE = "local-models.log"
_TICK_S = 0.2
_FIRST_BACK_OFF_S = 1.0
_LONGEST_BACK_OFF_S = 60.0
_STEADY_S = 60.0
"""A child that has lived this long is forgiven its earlier crashes."""
_GOODBYE_S = 8.0


class LocalServer:
    """Hands out the addresses of local models. Safe to use from any thread and event loop."""

    def __init__(self, models: Path, run: Path) -> None:
        self._models = models
        self._run = run
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._next_start = 0.0
        self._back_off_s = _FIRST_BACK_OFF_S
        self._attached = False
        self._trouble = ""
        self._runtime: Runtime | None = None
        self._status: dict[str, Readiness] = {}

    def ensure(self) -> None:
        """Start the server, or join a running one, in the background. Does nothing when that was done before.

        Raises:
            ModelNotReady: the folder for runtime files cannot be made.
        """
        with self._starting:
            if self._thread is not None:
                return
            try:
                self._run.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ModelNotReady(f"local models cannot run: {self._run}: {error.strerror}") from None
            self._stop.clear()
            self._thread = threading.Thread(target=self._watch, name="local-models", daemon=True)
            self._thread.start()

    def status(self, file: str) -> Readiness:
        """Whether the model of that catalogue name can be called now; if not, why. No I/O."""
        found = self._status.get(file)
        if found is not None:
            return found
        if all(entry.name != file for entry in CATALOG):
            return Readiness(False, f"there is no local model {file!r}; see `routescope models list`")
        if self._thread is None:
            return Readiness(False, "the local model server is not running")
        return Readiness(False, "starting", passing=True)

    def refresh(self) -> None:
        """Look at the model files now; otherwise `status` may be a fifth of a second old."""
        if self._thread is not None:
            self._status = {entry.name: self._judge(entry) for entry in CATALOG}

    async def ready(self, file: str, timeout_s: float) -> Readiness:
        """Wait until the model can be called, or is not going to be soon; at most ``timeout_s`` seconds."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            status = self.status(file)
            if status.ready or not (status.reason in ("starting", "loading") or status.reason.startswith("verifying")):
                return status
            await asyncio.sleep(_TICK_S / 2)
        return self.status(file)

    def base_url(self, file: str) -> str:
        """The address of a ready model, up to and with ``/v1``.

        Raises:
            ModelNotReady: it is not; the message is that of `status`.
        """
        runtime, status = self._runtime, self.status(file)
        if not status.ready or runtime is None:
            raise ModelNotReady(f"local model {file!r}: {status.reason or 'starting'}")
        return runtime.models[file].base_url

    @property
    def key(self) -> Key:
        """What the server asks of its callers."""
        runtime = self._runtime
        return NO_KEY if runtime is None else Key(runtime.token)

    @property
    def pid(self) -> int | None:
        """Process id of the server in use, ours or another's."""
        return None if self._runtime is None else self._runtime.pid

    async def aclose(self) -> None:
        """End the child if it is ours. A server of another process is left alone."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """`aclose` for those without a loop."""
        with self._starting:
            if self._thread is None:
                return
            self._stop.set()
            self._thread.join()
            self._thread = None
            self._status = {}
            self._runtime = None

    # --- the watching thread -------------------------------------------------------------------------------
    def _watch(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._look()
                except OSError as error:
                    self._trouble = f"the local model server cannot be watched: {error.strerror}"
                self._status = {entry.name: self._judge(entry) for entry in CATALOG}
                self._stop.wait(_TICK_S)
        finally:
            self._end_child()

    def _look(self) -> None:
        """Keep a child running, here or elsewhere, and read what it says."""
        if self._child is not None and self._child.poll() is not None:
            self._child_ended(self._child.returncode)
        if self._attached and not self._another_runs():
            self._attached = False
        if self._child is None and not self._attached and time.monotonic() >= self._next_start:
            self._start_child()
        runtime = Runtime.read(self._run)
        if runtime is not None and not self._attached and (self._child is None or runtime.pid != self._child.pid):
            runtime = None  # left behind by one that was killed
        self._runtime = runtime
        if runtime is not None:
            self._trouble = runtime.error

    def _start_child(self) -> None:
        command = [sys.executable, "-P", "-m", "router_core.providers.local_child"]
        command += ["--models", str(self._models), "--run", str(self._run)]
        with (self._run / LOG_FILE).open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log
            )
        self._started_at = time.monotonic()

    def _child_ended(self, code: int) -> None:
        assert self._child is not None
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child = None
        if code == EXIT_ANOTHER_RUNS:
            self._attached = True
            return
        if time.monotonic() - self._started_at > _STEADY_S:
            self._back_off_s = _FIRST_BACK_OFF_S
        self._next_start = time.monotonic() + self._back_off_s
        self._back_off_s = min(self._back_off_s * 2, _LONGEST_BACK_OFF_S)
        if not self._trouble:
            self._trouble = f"the local model server ended ({_how(code)}) and is being restarted"

    def _another_runs(self) -> bool:
        # Imported here: whoever has no local models need not wait for it (a thirtieth of this program's import).
        from filelock import FileLock, Timeout

        probe = FileLock(self._run / LOCK_FILE)
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        probe.release()
        return False

    def _judge(self, entry: ModelFile) -> Readiness:
        served = None if self._runtime is None else self._runtime.models.get(entry.name)
        if served is not None and served.state == "ready":
            return READY
        if served is not None and served.state == "failed":
            return Readiness(False, served.reason)
        state = model_state.read(entry, self._models)
        if state.stage == "pulling":
            return Readiness(False, f"pulling {state.progress:.0%}".replace("%", " %"), state.progress, passing=True)
        if state.stage == "queued":
            when = f"after {state.after}" if state.after else "in a moment"
            return Readiness(False, f"will be pulled {when}", passing=True)
        if state.stage == "verifying":
            return Readiness(False, "verifying", state.progress, passing=True)
        if state.stage == "failed":
            return Readiness(False, state.reason)
        if state.stage == "absent":
            return Readiness(False, f"not pulled: run `routescope models pull {entry.name}`")
        return Readiness(False, self._trouble or "loading", passing=True)

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            (self._run / RUNTIME_FILE).unlink(missing_ok=True)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return "killed, perhaps for want of memory" if code == -9 and os.name == "posix" else f"signal {-code}"
