from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.slowest import slowest
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Two hundred decisions over ten days, some of them equally slow."""
    folder: Path = tmp_path_factory.mktemp("slowest")
    rng, url = random.Random(5), f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder, durability="async") as telemetry:
        for number in range(200):
            attempt = Attempt(rng.choice(("small", "large")), latency_ms=rng.choice((5.0, 40.0, 900.0, 900.0 + number)))
            at = START + timedelta(minutes=rng.randrange(14_400))
            names = {"route": rng.choice(("chat", "code")), "tenant": rng.choice(("acme", "default", "default"))}
            emit(
                telemetry.tracer_provider.get_tracer("test"),
                Routed(f"d{number:03}", at=at, attempts=(attempt,), status=rng.choice(("ok", "failed")), **names),
            )
    yield open_reader(url)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(models=("large",)),
        Filters(routes=("code",)),
        Filters(tenants=("acme",)),
        # Of these no coarse rollup knows the hours.
        Filters(statuses=("failed",)),
        Filters(tenants=("acme",), routes=("chat",), statuses=("ok",)),
        Filters(tenants=("acme",), start=START + timedelta(hours=30.5), end=START + timedelta(days=5, hours=6.5)),
        Filters(start=START + timedelta(hours=30.5), end=START + timedelta(days=5, hours=6.5)),
        Filters(start=START + timedelta(hours=3.5), end=START + timedelta(hours=9.5)),
    ],
)
def test_the_slowest_are_those_that_reading_every_row_finds(many: sa.Engine, filters: Filters):
    rows = page(many, filters, limit=500).rows
    expected = sorted((row.latency_ms for row in rows), reverse=True)[:10]
    found = slowest(many, filters)
    assert [row.latency_ms for row in found] == expected
    assert {row.decision_id for row in found} <= {row.decision_id for row in rows}


def test_fewer_than_asked_are_all_there_are(varied: sa.Engine):
    found = slowest(varied, Filters(simulated=False), limit=50)
    assert found[0].decision_id == "escalated"
    assert len(found) == 6


def test_an_empty_store_has_no_slowest(empty: sa.Engine):
    assert slowest(empty, Filters()) == []
