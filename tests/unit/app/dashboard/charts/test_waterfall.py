"""A bar a span, as long as it took."""

from __future__ import annotations

from app.dashboard.charts import waterfall
from telemetry.query.decision import SpanView


def test_a_branch_is_pale_where_it_only_waits() -> None:
    spans = [
        SpanView("1", None, "branch small", 0.0, 100.0, 1, "unset", {}),
        SpanView("2", "1", "aggregate", 90.0, 10.0, 2, "unset", {}),
    ]
    whole, calls = waterfall.waterfall(spans, "light", {"small": "#112233"}, {"1": 40.0}).data
    assert list(whole.x) == [100.0, 10.0]
    assert list(calls.x) == [40.0, 10.0]
    assert list(calls.text) == ["40 ms", "10 ms"]
    assert whole.marker.color[0] == "rgba(17,34,51,0.24)"
    assert calls.marker.color[0] == "#112233"
