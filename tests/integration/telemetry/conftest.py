"""A PostgreSQL server for whoever asks for it."""

from tests.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
