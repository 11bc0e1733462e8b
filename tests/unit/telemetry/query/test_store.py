from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from telemetry.query.facets import facets
from telemetry.query.store import store_state
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from telemetry.storage.migrations import known_version
from tests.traces import START, Attempt, Routed, emit


def test_an_empty_store_says_so(tmp_path: Path):
    reader = open_reader(f"sqlite:///{tmp_path / 'none.db'}")
    state = store_state(reader)
    assert (state.requests, state.by_purpose, state.first, state.last, state.bytes) == (0, {}, None, None, 0)
    assert state.schema_version == known_version()
    assert facets(reader).routes == facets(reader).models == ()


def test_the_state_and_the_facets_of_a_store(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        emit(tracer, Routed("a"))
        emit(tracer, Routed("b", simulated=True, tenant="acme", at=START + timedelta(hours=5)))
        emit(tracer, Routed("c", purpose="canary", status="failed", attempts=(Attempt("calculator", kind="tool"),)))
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests) == (3, 1)
    assert state.by_purpose == {"canary": 1, "user": 2}
    assert (state.first, state.last) == (START, START + timedelta(hours=5))
    assert state.bytes == (tmp_path / "t.db").stat().st_size > 0
    shown = facets(open_reader(url))
    assert (shown.tenants, shown.models, shown.tools) == (("acme", "default"), ("small",), ("calculator",))
    assert (shown.statuses, shown.purposes, shown.policy_versions) == (("failed", "ok"), ("canary", "user"), ("v1",))
