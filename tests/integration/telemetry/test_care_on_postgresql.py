"""Pruning, erasing, exporting and compacting do on PostgreSQL what they do on SQLite."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.erasure import Tenant, Trace, erase
from telemetry.errors import UnsupportedDatabase
from telemetry.export import export_to
from telemetry.query.filters import Filters
from telemetry.retention import preview, prune
from telemetry.setup import Telemetry
from telemetry.spooled import spool_folder
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.erase import delete_simulated
from telemetry.storage.inventory import take_inventory
from telemetry.storage.rollups import ROLLUPS
from telemetry.storage.slices import Slices
from telemetry.storage.upkeep import compact, copy_live, reclaimable_bytes
from tests.traces import Attempt, Routed, emit

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TWO = (Attempt("small", outcome="rejected"), Attempt("large"))
STORED = [
    Routed(f"{tenant}{days}", at=NOW - timedelta(days=days), tenant=tenant, attempts=TWO, prompt="=a plan")
    for days in (0, 3, 9, 40)
    for tenant in ("acme", "other")
]
MADE_UP = Routed("made up", at=NOW, simulated=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    where = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path / 't.db'}"
    )
    with Telemetry.open(where, home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for routed in (*STORED, MADE_UP):
            emit(tracer, routed)
    return str(where)


def rows(engine: sa.Engine) -> dict[str, int]:
    return take_inventory(engine).tables


def rollups(engine: sa.Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {t.name: sorted(map(tuple, connection.execute(sa.select(t))), key=repr) for t in ROLLUPS}


def test_all_of_it_in_the_life_of_a_store(url: str, tmp_path: Path) -> None:
    engine, reader = open_engine(url), open_reader(url)
    assert {name: rows(reader)[name] for name in ("request", "branch", "span", "content")} == {
        "request": 9,
        "branch": 17,
        "span": 27,
        "content": 24,
    }
    assert delete_simulated(engine) == 1
    assert rows(reader)["request"] == 8

    expected = preview(reader, keep_days=30, keep_content_days=7, now=NOW)
    quick = Slices(engine, sleep=lambda _: None)
    done = prune(engine, keep_days=30, keep_content_days=7, now=NOW, slices=quick)
    assert done.removed == expected.removed
    assert done.removed == {
        "request": 2,
        "branch": 4,
        "span": 6,
        "content": 12,
        "evaluation": 0,
        "evaluation_task": 0,
        "drift_run": 0,
        "incident": 0,
    }
    with engine.connect() as connection:
        assert covered_since(connection) == datetime(2026, 10, 24, tzinfo=UTC)

    out = io.BytesIO()
    assert export_to(reader, Filters(tenants=("acme",)), out, table="branches", format="csv").rows == 6
    assert out.getvalue().count(b"0.000001200") == 6

    spools = spool_folder(tmp_path)
    assert erase(engine, spools, Trace("other3")).removed["branch"] == 2
    assert erase(engine, spools, Tenant("acme")).removed["request"] == 3
    assert erase(engine, spools, Tenant("acme")).nothing
    assert rows(reader)["request"] == 2
    kept = rollups(engine)
    rollup.rebuild(engine)
    assert rollups(engine) == kept
    # The other tenant's pruned decision is still counted.
    with engine.connect() as connection:
        hours = ROLLUPS[0]
        assert connection.scalar(sa.select(sa.func.max(hours.c.level))) is not None
        finest = sa.select(sa.func.sum(hours.c.requests)).where(
            hours.c.level == sa.select(sa.func.max(hours.c.level)).scalar_subquery()
        )
        assert connection.scalar(finest) == 3
    assert compact(engine).after > 0


def test_a_server_is_copied_by_its_own_tools(postgres_url: str, tmp_path: Path) -> None:
    engine = open_engine(postgres_url)
    assert reclaimable_bytes(engine) is None
    with pytest.raises(UnsupportedDatabase, match="use pg_dump"):
        copy_live(engine, tmp_path / "copy.db")
