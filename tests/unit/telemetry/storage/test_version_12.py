"""What was found of drift before it had causes is still found after the step."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import sqlalchemy as sa

from telemetry.query import drift
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.migrations import known_version
from tests.unit.telemetry.storage.test_version_6 import opened

_VERSION_11 = """
CREATE TABLE drift_metric (
    week DATE NOT NULL, model VARCHAR NOT NULL, simulated BOOLEAN NOT NULL, metric VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, unit VARCHAR NOT NULL, state VARCHAR NOT NULL, n INTEGER NOT NULL,
    n_reference INTEGER NOT NULL, effect_name VARCHAR, effect FLOAT, threshold FLOAT, p_name VARCHAR, p FLOAT, q FLOAT,
    statistics TEXT NOT NULL, reference TEXT NOT NULL, current TEXT NOT NULL,
    PRIMARY KEY (week, model, simulated, metric)) WITHOUT ROWID
"""
_SHAPE = '{"shares":[0.25,0.75],"edges":[0,1,2],"labels":[],"median":1.5,"p95":2}'
_ROW = (
    "INSERT INTO drift_metric VALUES ('2026-03-02', 'small', 0, 'latency_ms', 'r', 'numeric', 'ms', 'drift', 60, 240,"
    f" 'wasserstein_log', 0.4, 0.2, 'ks_p', 0.001, 0.004, '{{\"psi\": 0.3}}', '{_SHAPE}', '{_SHAPE}')"
)


def test_findings_of_version_11_stay_and_can_be_read_as_those_of_today(tmp_path: Path):
    url = opened(tmp_path, "version_4.sql")
    engine = open_engine(url)
    with engine.begin() as connection:
        for statement in ("DROP TABLE drift_metric", "DROP TABLE drift_detail", _VERSION_11, _ROW):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE meta SET value = '11' WHERE key = 'schema_version'")
    engine.dispose()
    reader = open_reader(str(open_engine(url).url))
    (cell,) = drift.heatmap(reader)
    assert (cell.week, cell.model, cell.state, cell.worst_ratio) == (date(2026, 3, 2), "small", "drift", 2.0)
    (metric,) = drift.cell(reader, "small", cell.week, False)
    assert (metric.effect, metric.cause, metric.statistics, metric.examples) == (0.4, None, {"psi": 0.3}, ())
    assert metric.current.shares == (0.25, 0.75)
    (found,) = drift.findings(reader)
    assert (found.cause, found.before, found.changed) == (None, None, None)
    with reader.connect() as connection:
        version = connection.scalar(sa.text("SELECT value FROM meta WHERE key = 'schema_version'"))
    assert version == str(known_version())
