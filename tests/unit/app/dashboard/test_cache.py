"""What is asked ahead is asked once, and what fails then fails for whoever asks."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from app.dashboard import cache
from telemetry.errors import TelemetryError

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTESCOPE_DATABASE_URL", f"sqlite:///{tmp_path / 't.db'}")
    cache.forget()


def test_what_was_asked_ahead_is_waited_for_and_not_asked_again() -> None:
    began, go_on, asked = Event(), Event(), list[int]()

    def doubled(_engine: sa.Engine, number: int) -> int:
        asked.append(number)
        began.set()
        assert go_on.wait(PATIENCE_S)
        return 2 * number

    cache.ahead(doubled, 21)
    assert began.wait(PATIENCE_S)
    go_on.set()
    assert cache.ask(doubled, 21) == 42
    assert asked == [21]


def test_what_fails_ahead_is_told_when_it_is_asked_for() -> None:
    def failing(_engine: sa.Engine) -> int:
        raise TelemetryError("the disk is gone")

    cache.ahead(failing)
    with pytest.raises(TelemetryError, match="the disk is gone"):
        cache.ask(failing)
