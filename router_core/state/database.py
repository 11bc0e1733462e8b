"""What a database of state does for `SharedStore`, which works it from a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from router_core.state.operations import Note, Question


class Database(Protocol):
    """One connection, for one thread at a time. Every call may wait for a short while."""

    def carry_out(self, notes: Sequence[Note], questions: Sequence[Question]) -> list[Any]:
        """One transaction: all notes are written, then the questions answered; or nothing of it happens.

        Raises:
            StateBusy: another process holds the database; ask again.
            StateUnavailable: it cannot be used. Whether the transaction happened may not be known.
        """
        ...

    def sweep(self) -> None:
        """Forget what is over. Raises as `carry_out` does."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
