"""From when on raw rows are whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.storage.coverage import covered_since, give_up_before
from telemetry.storage.engine import open_engine

DAY = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 'a.db'}")


def test_a_store_that_was_never_pruned_is_whole(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert covered_since(connection) is None


def test_the_moment_is_kept_in_utc(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        give_up_before(connection, DAY.astimezone(timezone(timedelta(hours=5))))
    with engine.begin() as connection:
        assert covered_since(connection) == DAY


def test_keeping_more_days_later_does_not_bring_rows_back(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        give_up_before(connection, DAY)
        give_up_before(connection, DAY - timedelta(days=5))
        assert covered_since(connection) == DAY
        give_up_before(connection, DAY + timedelta(days=1))
        assert covered_since(connection) == DAY + timedelta(days=1)
