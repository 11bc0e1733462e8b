"""How well decisions are kept, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """How well decisions are kept; counts are traces since the start of this process."""

    queued: int
    """In memory now."""
    committed: int
    spooled: int
    """Went to the spool at first."""
    spool_waiting: int
    """On this process's spool now, not yet in the database."""
    not_durable: int
    """Could be kept nowhere."""
    refused: int
    """Fit no database, and are kept aside in a ``.refused`` file; zero unless something is wrong with us."""
    abandoned: int
    """Given up before their root ended."""
    lag_ms: float
    """Age of the oldest trace in the queue."""
    last_error: str | None
    """Why the database or the spool refuses now; None while all is well."""
