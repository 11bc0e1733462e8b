"""A child that ends with its parent: the parent holds the other end of our standard input, which closes with it."""

from __future__ import annotations

import os
import signal
import threading


def end_with_parent() -> None:
    """From now on, end this process as SIGTERM would when standard input closes. Call it once, from the main thread."""

    def watch() -> None:
        # os.read, not sys.stdin: a daemon thread inside sys.stdin holds its lock and aborts the interpreter at exit.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
