"""Over a made-up history the alerts are those that would have been raised at its own moments."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.demo_alerts import alert_history
from telemetry.query.alerts import alerts, deliveries, history
from tests.alerting import NOW, some, store


def test_a_bad_hour_of_the_past_fires_then_and_resolves_then(tmp_path: Path) -> None:
    good = [
        one for hour in range(6) for one in some(30, at=NOW + timedelta(hours=hour), name=f"g{hour}", simulated=True)
    ]
    bad = some(30, failed=30, at=NOW + timedelta(hours=2, minutes=20), name="bad", simulated=True)
    engine = store(tmp_path, [*good, *bad])
    assert alert_history(engine, NOW, end=NOW + timedelta(hours=7)) > 0
    of_rule = [one for one in reversed(history(engine).rows) if one.rule == "requests fail"]
    assert [one.kind for one in of_rule] == ["fired", "resolved"]
    assert NOW + timedelta(hours=2) < of_rule[0].ts < of_rule[1].ts < NOW + timedelta(hours=6)
    assert all(one.simulated for one in alerts(engine)) and deliveries(engine) == []


def test_an_empty_store_has_no_alerts(tmp_path: Path) -> None:
    engine = store(tmp_path)
    assert alert_history(engine, NOW, end=NOW + timedelta(hours=2)) == 0
    assert alerts(engine) == []
