from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

FAILED_SCORE = json.dumps([{"validator": "length", "score": 0.2, "threshold": 0.5, "passed": False}])
CHEAP, STRONG = {semconv.BRANCH_TIER: "cheap"}, {semconv.BRANCH_TIER: "strong"}
LOW = CHEAP | {semconv.BRANCH_SCORES: FAILED_SCORE}
SECOND = CHEAP | {semconv.ERROR_TYPE: "timeout", semconv.BRANCH_REASON: "attempt 2 after 0.50 s: rate_limit"}
VARIED = (
    Routed("plain", attempts=(Attempt(cost_nano=1_000, extra=CHEAP),)),
    Routed(
        "escalated",
        at=START + timedelta(hours=1),
        tenant="acme",
        intent="code",
        baseline_nano=20_000,
        attempts=(
            Attempt("small", outcome="rejected", cost_nano=1_000, extra=LOW, latency_ms=100),
            Attempt("tiny", kind="probe", outcome="compared", cost_nano=70),
            Attempt("grader", kind="judge", outcome="compared", cost_nano=300),
            Attempt("large", cost_nano=9_000, latency_ms=1_000, output_tokens=500, extra=STRONG),
        ),
    ),
    Routed(
        "retried",
        at=START + timedelta(days=1),
        attempts=(
            Attempt(outcome="failed", cost_nano=10, extra=CHEAP | {semconv.ERROR_TYPE: "rate_limit"}),
            Attempt(outcome="failed", cost_nano=20, extra=SECOND),
            Attempt(cost_nano=1_000, extra=CHEAP | {semconv.BRANCH_REASON: "attempt 3 after 1.00 s: timeout"}),
        ),
    ),
    Routed(
        "failed",
        at=START + timedelta(days=2),
        status="failed",
        attempts=(Attempt("large", outcome="failed", cost_nano=None, extra=STRONG | {semconv.ERROR_TYPE: "timeout"}),),
        extra={semconv.ERROR_TYPE: "all_failed", semconv.RISK: "high"},
    ),
    Routed("denied", at=START + timedelta(days=2), status="denied", attempts=(), baseline_nano=None),
    Routed(
        "tool",
        at=START + timedelta(days=3),
        intent="math",
        attempts=(Attempt("calculator", kind="tool", cost_nano=0, latency_ms=1),),
    ),
    Routed("canary", purpose="canary"),
    Routed("made-up", simulated=True),
)


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Every kind of branch and ending; with ``simulated=False`` six requests of users."""
    folder: Path = tmp_path_factory.mktemp("varied")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        for routed in VARIED:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    yield open_reader(url)


@pytest.fixture
def empty(tmp_path: Path) -> sa.Engine:
    return open_reader(f"sqlite:///{tmp_path / 'none.db'}")
