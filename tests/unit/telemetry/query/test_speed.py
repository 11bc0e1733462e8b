from __future__ import annotations

import pytest
import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.query.speed import heat_map, percentiles, token_speeds

REAL = Filters(simulated=False)


def test_percentiles_of_everything_are_those_of_the_totals(varied: sa.Engine):
    whole = totals(varied, REAL)
    (shown,) = percentiles(varied, REAL)
    assert (shown.n, shown.p50_ms, shown.p95_ms) == (6, whole.latency_p50_ms, whole.latency_p95_ms)
    (first,) = percentiles(varied, REAL, measure="ttft")
    assert (first.n, first.p50_ms) == (4, whole.ttft_p50_ms)


def test_models_are_measured_by_their_branches(varied: sa.Engine):
    shown = {one.value: one for one in percentiles(varied, REAL, by="model")}
    assert (shown["large"].n, shown["small"].n) == (2, 5)
    assert shown["large"].p99_ms == pytest.approx(1_000, rel=0.011)
    assert shown["calculator"].p50_ms == pytest.approx(1.0, rel=0.011)


def test_percentiles_over_time_and_by_a_dimension_at_once(varied: sa.Engine):
    shown = percentiles(varied, REAL, by="intent", step="day")
    assert [(one.start.day, one.value, one.n) for one in shown if one.start] == [
        (2, "chat", 1),
        (2, "code", 1),
        (3, "chat", 1),
        (4, "chat", 2),
        (5, "math", 1),
    ]


def test_a_heat_map_counts_every_request_in_the_band_of_its_duration(varied: sa.Engine):
    shown = heat_map(varied, REAL, step="day")
    assert sum(cell.n for cell in shown) == 6
    assert all(cell.high_ms == pytest.approx(cell.low_ms * 2**0.5) for cell in shown)
    (tool,) = (cell for cell in shown if cell.start.day == 5)
    assert tool.low_ms <= 3.0 < tool.high_ms
    assert sum(cell.n for cell in heat_map(varied, REAL, step="hour", measure="ttft")) == 4


def test_tokens_a_second_count_the_whole_call(varied: sa.Engine):
    shown = {one.model: one for one in token_speeds(varied, REAL)}
    assert set(shown) == {"small", "tiny", "grader", "large"}, "a tool has no tokens a second"
    large = shown["large"]
    assert (large.n, large.tokens, large.seconds) == (2, 530, pytest.approx(1.04))
    assert large.mean == pytest.approx(530 / 1.04)
    assert large.p5 == pytest.approx(500, rel=0.011)


def test_an_empty_store_has_nothing_to_measure(empty: sa.Engine):
    assert percentiles(empty, Filters(), by="route") == []
    assert heat_map(empty, Filters(), step="day") == token_speeds(empty, Filters()) == []
