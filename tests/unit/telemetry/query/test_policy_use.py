from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.policy_use import PolicyUse, uses
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Routed, emit


def store(folder: Path, *decisions: Routed) -> sa.Engine:
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        for routed in decisions:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    return open_reader(url)


def test_versions_are_told_with_their_days_the_one_used_last_first(tmp_path: Path):
    engine = store(
        tmp_path,
        Routed("a", policy_version="v1"),
        Routed("b", policy_version="v1", at=START + timedelta(days=2)),
        Routed("c", policy_version="v2", at=START + timedelta(days=1)),
        Routed("d", policy_version="v2", at=START + timedelta(days=9), purpose="playground"),
    )
    assert uses(engine, Filters()) == [
        PolicyUse("v1", 2, date(2026, 3, 2), date(2026, 3, 4)),
        PolicyUse("v2", 1, date(2026, 3, 3), date(2026, 3, 3)),
    ]
    assert [one.version for one in uses(engine, Filters(purposes=()))] == ["v2", "v1"]
    assert uses(engine, Filters(start=START + timedelta(days=2)))[0].requests == 1


def test_an_empty_store_has_no_versions(empty: sa.Engine):
    assert uses(empty, Filters()) == []
