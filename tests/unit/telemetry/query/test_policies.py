from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from telemetry.query.policies import versions
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def test_versions_come_in_the_order_in_which_they_were_first_seen(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        telemetry.record_policy_version("v2", "main", 'name = "two"', "anna", at=MARCH + timedelta(days=1))
        telemetry.record_policy_version("v1", "main", 'name = "one"', "anna", at=MARCH)
        telemetry.record_policy_version("v1", "main", 'name = "one"', "bert", at=MARCH + timedelta(days=2))
        telemetry.record_policy_version("d1", "demo", "", "demo (simulated)", at=MARCH + timedelta(days=3))
    found = versions(open_reader(url))
    assert [(one.version, one.recorded_by, one.toml) for one in found] == [
        ("v1", "anna", 'name = "one"'),
        ("v2", "anna", 'name = "two"'),
        ("d1", "demo (simulated)", ""),
    ]
    assert found[0].first_seen == MARCH
    assert [one.simulated for one in found] == [False, False, True]


def test_a_store_without_policies_has_none(empty: sa.Engine):
    assert versions(empty) == []
