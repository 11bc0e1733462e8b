"""Memory is bounded by one batch, however many rows are exported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.export import BATCH
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.models import REQUEST
from tests.traces import Routed, emit

ROWS = 200_000
GROWTH_MIB = 40.0
CHILD = Path(__file__).with_name("exporting_child.py")
ROOT = CHILD.parents[3]

pytest.importorskip("resource", reason="peak memory is read as POSIX systems tell it")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real decision, and copies of it: one batch of another tenant, so that few can be exported."""
    folder = tmp_path_factory.mktemp("large")
    address = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(address, home=folder) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d0", tenant="first"))
    different = {
        "span_id": "printf('%016x', n)",
        "trace_id": "printf('%032x', n)",
        "decision_id": "'d' || n",
        "tenant": f"CASE WHEN n <= {BATCH} THEN 'few' ELSE 'many' END",
    }
    names = [column.name for column in REQUEST.columns]
    values = ", ".join(different.get(name, f'"{name}"') for name in names)
    numbers = f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS - 1})"
    columns = ", ".join(f'"{name}"' for name in names)
    with open_engine(address).begin() as connection:
        connection.execute(sa.text(f"INSERT INTO request ({columns}) {numbers} SELECT {values} FROM request, number"))
    return address


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_two_hundred_thousand_rows_take_no_more_memory_than_one_batch(url: str, tmp_path: Path, format: str) -> None:
    done = subprocess.run(
        [sys.executable, str(CHILD), url, str(tmp_path), format],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] == ROWS
    assert told["grown_mib"] < GROWTH_MIB
