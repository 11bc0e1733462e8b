"""Flows are as wide as the requests that took them."""

from __future__ import annotations

from app.dashboard.charts import flow
from telemetry.query.overview import Flow


def test_a_flow_keeps_every_request() -> None:
    drawn = flow.flow_chart([Flow("code", "small", "large", 3), Flow("chat", None, None, 2)], "light", {})
    assert sum(drawn.data[0].link.value) == 2 * (3 + 2)
