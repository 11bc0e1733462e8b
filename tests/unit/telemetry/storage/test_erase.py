from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from telemetry import rollup
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.setup import Telemetry
from telemetry.storage.erase import delete_simulated
from telemetry.storage.migrations import TABLES
from tests.traces import Attempt, Routed, emit


def rows(engine: sa.Engine) -> dict[str, list[object]]:
    with engine.connect() as connection:
        return {table.name: list(connection.execute(sa.select(table))) for table in TABLES}


def test_exactly_the_simulated_rows_go_from_every_table(tmp_path: Path):
    real = [Routed(f"real{n}", prompt="a real question") for n in range(3)]
    simulated = [
        Routed(f"sim{n}", prompt="a made-up question", simulated=True, attempts=(Attempt(), Attempt("large")))
        for n in range(4)
    ]
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for routed in real:
            emit(tracer, routed)
        assert telemetry.sink.force_flush(60_000)
        before = rows(telemetry.engine)
        for routed in simulated:
            emit(tracer, routed)
        assert telemetry.sink.force_flush(60_000)
        assert rows(telemetry.engine) != before
        assert delete_simulated(telemetry.engine) == 4
        assert rows(telemetry.engine) == before
        rollup.rebuild(telemetry.engine)
        assert rows(telemetry.engine) == before
        assert totals(telemetry.engine, Filters()).requests == 3
        assert delete_simulated(telemetry.engine) == 0
