from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.query.filters import Filters
from telemetry.query.sensitive import Excluded, Protected, page
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

CLOUD, LOCAL = {semconv.BRANCH_LOCATION: "cloud"}, {semconv.BRANCH_LOCATION: "local"}
VERDICTS = [{"rule": "stays", "outcome": "required"}, {"rule": "idle", "outcome": "passed"}]
CANDIDATES = [
    {"model": "near", "score": 1.0},
    {"model": "far", "excluded_by": "rule:stays", "excluded_reason": "it is cloud, the rule asks for local"},
]


def sensitive(name: str, minutes: int, *attempts: Attempt, data_class: str = "sensitive") -> Routed:
    extra = {
        semconv.DATA_CLASS: data_class,
        semconv.VERDICTS: json.dumps(VERDICTS),
        semconv.CANDIDATES: json.dumps(CANDIDATES),
    }
    return Routed(name, at=START + timedelta(minutes=minutes), attempts=attempts, extra=extra)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("sensitive")
    url = f"sqlite:///{folder / 't.db'}"
    foreign = sensitive("reported by others", 5, Attempt("far", extra=CLOUD))
    decisions = [
        Routed("plain", at=START),
        sensitive("kept", 1, Attempt("near", extra=LOCAL)),
        sensitive("left", 2, Attempt("far", outcome="rejected", extra=CLOUD), Attempt("near", extra=LOCAL)),
        sensitive("denied", 3),
        sensitive("old", 4, Attempt("near"), data_class="regulated"),
        replace(foreign, extra={**foreign.extra, semconv.SOURCE: "otlp"}),
    ]
    with Telemetry.open(url, home=folder) as telemetry:
        for routed in decisions:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    yield open_reader(url)


def names(rows: list[Protected]) -> list[str]:
    return [row.decision_id for row in rows]


def test_only_protected_decisions_of_ours_are_listed_newest_first_with_where_they_stayed(engine: sa.Engine):
    rows = page(engine, Filters()).rows
    assert [(row.decision_id, row.stayed) for row in rows] == [
        ("old", "unknown"),
        ("denied", "nowhere"),
        ("left", "cloud"),
        ("kept", "local"),
    ]


def test_a_rejected_draft_counts_as_having_seen_the_data(engine: sa.Engine):
    left = next(row for row in page(engine, Filters()).rows if row.decision_id == "left")
    assert [(ran.model, ran.location, ran.outcome) for ran in left.ran] == [
        ("far", "cloud", "rejected"),
        ("near", "local", "accepted"),
    ]


def test_the_proof_names_who_was_out_and_which_rules_spoke(engine: sa.Engine):
    kept = page(engine, Filters()).rows[-1]
    assert kept.rules == ("stays",)
    assert kept.excluded == (Excluded("far", "rule:stays", "it is cloud, the rule asks for local"),)


def test_pages_lead_through_all_of_them_once(engine: sa.Engine):
    found, cursor = [], None
    for _ in range(4):
        part = page(engine, Filters(), cursor=cursor, limit=1)
        found += names(part.rows)
        cursor = part.next_cursor
    assert (found, cursor) == (["old", "denied", "left", "kept"], None)


def test_what_left_can_be_asked_for_alone(engine: sa.Engine):
    assert names(page(engine, Filters(), left=True).rows) == ["left"]


def test_filters_hold(engine: sa.Engine):
    assert names(page(engine, Filters(start=START + timedelta(minutes=3))).rows) == ["old", "denied"]
    assert page(engine, Filters(tenants=("nobody",))).rows == []


def test_a_cursor_of_somebody_elses_making_is_refused(engine: sa.Engine):
    with pytest.raises(ValueError, match="is no cursor"):
        page(engine, Filters(), cursor="nonsense")


def test_it_is_found_by_the_index_of_protected_decisions_alone(engine: sa.Engine):
    plans = []

    def explain(connection, cursor, statement, parameters, context, many):
        if "verdicts" in statement and not statement.startswith("EXPLAIN"):
            plans.append(connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all())

    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        page(engine, Filters(start=START))
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)
    assert any("ix_request_protected" in str(step) for step in plans[0]), plans
    assert "TEMP B-TREE" not in str(plans[0])


def test_an_empty_store_has_none(empty: sa.Engine):
    assert page(empty, Filters()).rows == []
