"""Where a gateway keeps what it shares with others: a file of this machine, or the PostgreSQL database of decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from router_core.clock import SystemClock
from router_core.policy.schema import Policy
from router_core.state.database import Database
from router_core.state.postgresql import PostgresDatabase
from router_core.state.shared import PATIENCE_S, SharedStore
from router_core.state.sqlite import SqliteDatabase

FILE: Final = "state.db"
"""In the home folder."""


def on_server(database_url: str) -> bool:
    """Whether decisions, and so the state too, are in PostgreSQL, which gateways of several machines may use."""
    return database_url.startswith("postgres")


def open_state(database_url: str, home: Path, *, patience_s: float = PATIENCE_S) -> SharedStore:
    """The state that belongs to a database of decisions.

    Raises:
        StateUnavailable
    """
    clock = SystemClock()
    database: Database = (
        PostgresDatabase(database_url, clock) if on_server(database_url) else SqliteDatabase(home / FILE, clock)
    )
    return SharedStore(database, clock, patience_s=patience_s)


def patience_s(policy: Policy) -> float:
    """How long a request waits for shared state."""
    return policy.state.patience_ms / 1e3
