"""Numbers of several workers as one exposition."""

from __future__ import annotations

from app.gateway.siblings import merged

ONE = """# HELP router_requests_total Decisions
# TYPE router_requests_total counter
router_requests_total{route="chat",status="ok"} 3.0
# HELP router_lag_seconds Age
# TYPE router_lag_seconds gauge
router_lag_seconds 0.5
"""
TWO = """# HELP router_requests_total Decisions
# TYPE router_requests_total counter
router_requests_total{route="chat",status="ok"} 4.0
# HELP router_new Seen by one alone
# TYPE router_new gauge
router_new 1.0
"""


def test_each_series_says_whose_it_is_and_each_family_is_headed_once() -> None:
    assert merged({2: TWO, 1: ONE}) == (
        "# HELP router_requests_total Decisions\n"
        "# TYPE router_requests_total counter\n"
        'router_requests_total{worker="1",route="chat",status="ok"} 3.0\n'
        'router_requests_total{worker="2",route="chat",status="ok"} 4.0\n'
        "# HELP router_lag_seconds Age\n"
        "# TYPE router_lag_seconds gauge\n"
        'router_lag_seconds{worker="1"} 0.5\n'
        "# HELP router_new Seen by one alone\n"
        "# TYPE router_new gauge\n"
        'router_new{worker="2"} 1.0\n'
    )
