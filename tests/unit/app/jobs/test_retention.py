"""The job that prunes goes by the policy as it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.jobs.retention import EVERY, prune_by_policy
from app.jobs.scheduler import Worker
from router_core.errors import PolicyError
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.models import CONTENT, REQUEST
from tests.traces import Routed, emit
from tests.unit.router_core.policy.test_loading import SOUND


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    url = f"sqlite:///{tmp_path / 't.db'}"
    today = datetime.now(UTC)
    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for days in (0, 20, 100):
            emit(tracer, Routed(f"d{days}", at=today - timedelta(days=days), prompt="a question"))
    return open_engine(url)


def policy(folder: Path, lines: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(f"{SOUND}\n[telemetry]\n{lines}\n", encoding="utf-8")
    return path


def left(engine: sa.Engine) -> tuple[int, int]:
    """Decisions, and texts."""
    with engine.connect() as connection:
        numbers = [connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (REQUEST, CONTENT)]
    return numbers[0] or 0, numbers[1] or 0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [("", (3, 6)), ("keep_days = 90", (2, 4)), ("keep_days = 90\nkeep_content_days = 7", (2, 2))],
)
def test_what_the_policy_says_is_kept(tmp_path: Path, engine: sa.Engine, lines: str, expected: tuple[int, int]) -> None:
    prune_by_policy(engine, policy(tmp_path, lines))
    assert left(engine) == expected


def test_the_policy_is_read_anew_each_time(tmp_path: Path, engine: sa.Engine) -> None:
    prune_by_policy(engine, policy(tmp_path, "keep_days = 90"))
    prune_by_policy(engine, policy(tmp_path, "keep_days = 10"))
    assert left(engine) == (1, 2)


def test_nothing_goes_on_a_policy_that_cannot_be_read(tmp_path: Path, engine: sa.Engine) -> None:
    with pytest.raises(PolicyError):
        prune_by_policy(engine, policy(tmp_path, "keep_days = 1\nkeep_content_days = 9"))
    assert left(engine) == (3, 6)


def test_only_the_worker_that_holds_the_lease_prunes(tmp_path: Path, engine: sa.Engine) -> None:
    path = policy(tmp_path, "keep_days = 90")
    jobs = {"retention": (lambda engine: prune_by_policy(engine, path), EVERY)}
    other, worker = Worker(engine, {}, holder="other"), Worker(engine, jobs, holder="worker")
    other.tend()
    worker.tend()
    worker.run("retention")
    assert left(engine) == (3, 6)
    other.stop()
    worker.tend()
    assert left(engine) == (2, 4)
