"""``python -P -m router_core.providers.local_child``: the one process that runs llama.cpp.

It serves every model file that is here and verified, each on its own loopback port with llama.cpp's own
OpenAI-compatible server, behind a token that only this user's processes can read. It ends when its parent's end of
the standard input closes, so it is never orphaned. Started by `LocalServer`, never by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from router_core.errors import ModelFileError
from router_core.providers import model_state
from router_core.providers.catalog import CATALOG, ModelFile

RUNTIME_FILE = "local-models.json"
LOCK_FILE = "local-models.lock"
EXIT_ANOTHER_RUNS = 3
EXIT_NO_LLAMA = 4
SLOTS = 2
"""Answers that one model writes at a time; more wait in its queue."""
_TICK_S = 0.3
_LAST_WORDS_S = 5.0


@dataclass(slots=True)
class ServedModel:
    """One model in the runtime file."""

    state: str
    """``loading``, ``ready`` or ``failed``."""
    base_url: str = ""
    """Up to and with ``/v1``, when ready."""
    reason: str = ""


@dataclass(slots=True)
class Runtime:
    """The runtime file: who serves what, where. Readable by this user alone, because of the token."""

    pid: int
    token: str
    error: str = ""
    """Why nothing can be served at all."""
    models: dict[str, ServedModel] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace the file, all at once."""
        fresh = folder / f"{RUNTIME_FILE}.{self.pid}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
        fresh.replace(folder / RUNTIME_FILE)

    @classmethod
    def read(cls, folder: Path) -> Runtime | None:
        """The file's content; None when there is none, or none that can be understood."""
        try:
            value = json.loads((folder / RUNTIME_FILE).read_text(encoding="utf-8"))
            models = {name: ServedModel(**model) for name, model in value.pop("models").items()}
            return cls(**value, models=models)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


def main(arguments: list[str] | None = None) -> int:
    """Serve until the standard input closes, and leave the process; return only when another one serves already."""
    from filelock import FileLock, Timeout

    parser = argparse.ArgumentParser(prog="local_child")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    given = parser.parse_args(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    threading.Thread(target=_until_the_parent_goes, args=(stop,), daemon=True).start()
    lock = FileLock(given.run / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return EXIT_ANOTHER_RUNS
    child = _Child(given.models, given.run)
    try:
        code = child.serve(stop)
    finally:
        (given.run / RUNTIME_FILE).unlink(missing_ok=True)
        lock.release()
    # Never by way of the interpreter's end: that destroys llama.cpp's servers, and one that has just been loaded may
    # wait for ever for a thread of its own, with the interpreter's lock in its hand.
    os._exit(code)


def _until_the_parent_goes(stop: threading.Event) -> None:
    while os.read(0, 1024):  # not sys.stdin: its lock, held by this thread, aborts the interpreter's exit
        pass
    stop.set()
    threading.Timer(_LAST_WORDS_S, os._exit, [1]).start()  # an answer half written must not keep us here


class _Child:
    def __init__(self, models: Path, run: Path) -> None:
        self._models = models
        self._run = run
        self._runtime = Runtime(os.getpid(), secrets.token_urlsafe(24))
        self._servers: dict[str, Any] = {}

    def serve(self, stop: threading.Event) -> int:
        self._runtime.write(self._run)
        # GNU OpenMP's threads spin by default: on a busy machine that makes llama.cpp twenty times slower.
        os.environ["GOMP_SPINCOUNT"] = "0"
        try:
            import xllamacpp
        except (ImportError, OSError) as error:
            self._runtime.error = llama_missing(str(error))
            self._runtime.write(self._run)
            stop.wait(_TICK_S * 4)  # long enough for the parent to read why
            return EXIT_NO_LLAMA
        while not stop.is_set():
            for entry in CATALOG:
                if not stop.is_set():
                    self._look_after(entry, xllamacpp)
            stop.wait(_TICK_S)
        return 0

    def _look_after(self, entry: ModelFile, xllamacpp: Any) -> None:
        present = (self._models / entry.file).exists()
        served = self._runtime.models.get(entry.name)
        if served is None and present:
            self._load(entry, xllamacpp)
        elif served is not None and not present:
            self._servers.pop(entry.name, None)
            del self._runtime.models[entry.name]
            self._runtime.write(self._run)

    def _load(self, entry: ModelFile, xllamacpp: Any) -> None:
        self._set(entry, ServedModel("loading"))
        free = _free_memory()
        if free is not None and free < entry.memory_bytes:
            need = f"needs {entry.memory_bytes / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
            return self._set(entry, ServedModel("failed", reason=need))
        try:
            model_state.ensure_verified(entry, self._models)
            server = xllamacpp.Server(_parameters(entry, self._models, self._runtime.token, xllamacpp))
        except (ModelFileError, RuntimeError, ValueError, OSError) as error:
            return self._set(entry, ServedModel("failed", reason=str(error)))
        self._servers[entry.name] = server
        self._set(entry, ServedModel("ready", base_url=f"{server.listening_address}/v1"))

    def _set(self, entry: ModelFile, served: ServedModel) -> None:
        self._runtime.models[entry.name] = served
        self._runtime.write(self._run)


def _parameters(entry: ModelFile, folder: Path, token: str, xllamacpp: Any) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(folder / entry.file)
    parameters.model_alias = {entry.name}
    parameters.n_ctx = entry.context_window * SLOTS
    parameters.n_parallel = SLOTS
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = os.cpu_count() or 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [token]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cache_ram_mib = 128
    parameters.verbosity = 1  # warnings and errors: prompts stay out of the log
    return parameters


def llama_missing(reason: str) -> str:
    """Why llama.cpp cannot be imported, and what to do."""
    if "libgomp" in reason:
        return "libgomp.so.1 is missing: install it with `apt-get install libgomp1`, or your system's package of it"
    if "No module named" in reason:
        return "xllamacpp is not installed: install it with `pip install xllamacpp`"
    return f"llama.cpp cannot be loaded: {reason.splitlines()[0] if reason else 'no reason given'}"


def _free_memory() -> int | None:
    """Bytes that a process may still take; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


if __name__ == "__main__":
    sys.exit(main())
