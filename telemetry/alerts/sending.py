"""Sends what waits, a thread a channel: one that hangs holds up neither the others nor whoever asked for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import sqlalchemy as sa

from telemetry.alerts import outbox
from telemetry.alerts.outbox import Event
from telemetry.errors import AlertError, StorageError

MOST_PARCELS: Final = 5
"""Messages to one channel in one go."""
_log = logging.getLogger("routescope.alert")


class Sender(Protocol):
    """A channel that can be sent to."""

    @property
    def name(self) -> str:
        """As the policy calls it."""
        ...

    def send(self, events: Sequence[Event]) -> None:
        """Send one message.

        Raises:
            DeliveryFailed: it did not arrive.
        """
        ...


class Unsendable:
    """A channel that cannot be sent to as things stand, as when its address is missing from the environment."""

    def __init__(self, name: str, why: AlertError) -> None:
        self.name = name
        self._why = why

    def send(self, events: Sequence[Event]) -> None:
        """Fail, always for the same reason."""
        raise self._why


class Courier:
    """Sends what is due. Safe for threads; one object a process."""

    def __init__(self, engine: sa.Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Thread] = {}

    def send_due(self, senders: Mapping[str, Sender]) -> list[threading.Thread]:
        """Begin to send all that is due, and return at once; the threads that do it.

        A channel whose last message is still being sent is left alone. What waits for a channel that is not among
        ``senders`` is given up.

        Raises:
            StorageError: the database cannot be used.
        """
        begun = []
        for channel in outbox.waiting(self._engine, self._now()):
            sender = senders.get(channel)
            if sender is None:
                outbox.give_up(self._engine, channel, "the policy has no such channel any more")
                continue
            with self._lock:
                last = self._busy.get(channel)
                if last is not None and last.is_alive():
                    continue
                thread = threading.Thread(target=self._send, args=(sender,), name=f"alerts-{channel}", daemon=True)
                self._busy[channel] = thread
                thread.start()
            begun.append(thread)
        return begun

    def _send(self, sender: Sender) -> None:
        try:
            for _ in range(MOST_PARCELS):
                parcel = outbox.claim(self._engine, sender.name, self._now())
                if parcel is None:
                    return
                began, error = time.monotonic(), attempt(sender, parcel.events)
                outbox.settle(self._engine, parcel, self._now(), error=error, ms=(time.monotonic() - began) * 1e3)
                if error is not None:
                    _log.warning("channel %s did not take a message of alerts: %s", sender.name, error)
                    return
        except StorageError as error:
            _log.warning("messages of alerts to %s wait: %s", sender.name, error)


def attempt(sender: Sender, events: Sequence[Event]) -> str | None:
    """Send a message; why it did not arrive, or None. Never raises."""
    try:
        sender.send(events)
    except AlertError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 (the edge: whatever a channel raises, it must be noted, without its words)
        return f"a fault of RouteScope itself ({type(error).__name__})"
    return None
