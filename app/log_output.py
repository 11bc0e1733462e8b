"""Where a process's log lines go, and what they look like: text for people, or one JSON object a line for programs.

Records are handed to a thread that writes them: a full pipe or a slow disk must hold up neither a request nor the
thread that keeps decisions. Whatever a record holds, nobody can forge a line with it: JSON escapes all that is not
ASCII, and in text every further line of a record is indented.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, WatchedFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from app import plain
from telemetry.log import EVENT_FIELDS, EVENT_NAME

LogFormat: TypeAlias = Literal["json", "text"]
Redact: TypeAlias = Callable[[str], str]

MOST_WAITING: Final = 10_000
"""Records in memory before further ones are left out, and counted."""
CLOSE_S: Final = 2.0
"""Longest time that closing waits for what is still to be written, twice."""
LONGEST: Final = 8_000
"""Characters of one text that are written."""
FREE_TEXT: Final = frozenset({"message", "error_message", "why", "exception", "last_error"})
"""Fields that may quote what others wrote; the rest are names, identifiers and numbers."""


class LineFormatter(logging.Formatter):
    """A record as text or as JSON, without keys and personal data."""

    def __init__(self, form: LogFormat, redact: Redact) -> None:
        super().__init__()
        self._form = form
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; or text whose further lines are indented."""
        fields: Mapping[str, Any] = getattr(record, EVENT_FIELDS, {})
        # An event's sentence is made of names and identifiers, which look like secrets, unless a field says otherwise.
        ours = hasattr(record, EVENT_NAME) and FREE_TEXT.isdisjoint(name for name, text in fields.items() if text)
        message = record.getMessage()[:LONGEST] if ours else self._harmless(record.getMessage())
        exception = self.formatException(record.exc_info) if record.exc_info else record.exc_text
        moment = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        if self._form == "text":
            whole = message if not exception else f"{message}\n{self._harmless(exception)}"
            return f"{moment} {record.levelname.lower()} {plain.visible(whole)}".replace("\n", "\n    ")
        document = {
            "time": moment,
            "level": record.levelname.lower(),
            "event": getattr(record, EVENT_NAME, "log"),
            "logger": record.name,
            "message": message,
            **{name: self._value(name, value) for name, value in fields.items() if value is not None},
        }
        if exception:
            document["exception"] = self._harmless(exception)
        # Everything but ASCII is escaped: a line has no other line ends in it, and no codes for a terminal.
        return json.dumps(document, separators=(",", ":"), default=str)

    def _value(self, name: str, value: Any) -> Any:
        return self._harmless(value) if name in FREE_TEXT and isinstance(value, str) else value

    def _harmless(self, text: str) -> str:
        try:
            return self._redact(text[:LONGEST])
        except Exception:  # noqa: BLE001 (the edge: what cannot be searched is not written)
            return "[not searched]"


class _Listener(QueueListener):
    """Ends within `CLOSE_S`, also when nobody reads what it writes."""

    def stop(self) -> None:
        """Write what waits, then end."""
        until = time.monotonic() + CLOSE_S
        while time.monotonic() < until:
            with contextlib.suppress(queue.Full):
                self.enqueue_sentinel()
                break
            time.sleep(0.01)
        if self._thread is not None:
            self._thread.join(CLOSE_S)
            self._thread = None


class _Enqueue(QueueHandler):
    """Takes records without waiting; those that find no room are counted."""

    left_out = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.left_out += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """As it is, with its words in place: they may change before it is written."""
        record.msg, record.args = record.getMessage(), None
        if record.exc_info:
            record.exc_text, record.exc_info = logging.Formatter().formatException(record.exc_info), None
        return record


class LogOutput:
    """Takes over all log records of this process until it is closed.

    Decisions are told when somebody asked for them: in JSON, or into a file. Otherwise only warnings and worse are.
    """

    def __init__(self, form: LogFormat, file: Path | None, redact: Redact) -> None:
        """Raises OSError when the file cannot be opened. A file that is moved away is made anew."""
        target = logging.StreamHandler(sys.stderr) if file is None else WatchedFileHandler(file, encoding="utf-8")
        target.setFormatter(LineFormatter(form, redact))
        self._target: logging.Handler = target
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING)
        self._enqueue = _Enqueue(waiting)
        self._listener = _Listener(waiting, self._target)
        self._decisions = logging.INFO if form == "json" or file is not None else logging.WARNING

    @property
    def left_out(self) -> int:
        """Records that were not written, because more came than could be."""
        return self._enqueue.left_out

    def __enter__(self) -> Self:
        # A handler that cannot write must not write about it.
        logging.raiseExceptions = False
        logging.getLogger().addHandler(self._enqueue)
        logging.getLogger("routescope.decision").setLevel(self._decisions)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger().removeHandler(self._enqueue)
        logging.getLogger("routescope.decision").setLevel(logging.NOTSET)
        self._listener.stop()
        with contextlib.suppress(OSError):  # a full disk
            self._target.close()
