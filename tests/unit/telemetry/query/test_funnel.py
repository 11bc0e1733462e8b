from __future__ import annotations

import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.funnel import funnel, model_shares

REAL = Filters(simulated=False)


def test_tools_come_first_then_the_tiers_as_far_as_requests_went(varied: sa.Engine):
    shown = funnel(varied, REAL)
    assert [(stage.kind, stage.tier, stage.tried, stage.accepted.part) for stage in shown] == [
        ("tool", "", 1, 1),
        ("model", "cheap", 3, 2),
        ("model", "strong", 2, 1),
    ]
    assert [(stage.rejected, stage.failed, stage.retries) for stage in shown] == [(0, 0, 0), (1, 2, 2), (0, 1, 0)]
    assert [(stage.cost_nano, stage.cost_unknown) for stage in shown] == [(0, 0), (3_030, 0), (9_000, 1)]


def test_shares_of_who_answered_add_up_to_all_requests(varied: sa.Engine):
    shown = model_shares(varied, REAL)
    assert {(one.chosen, one.kind): one.requests.part for one in shown} == {
        ("small", "model"): 2,
        (None, None): 2,
        ("calculator", "tool"): 1,
        ("large", "model"): 1,
    }
    assert {one.requests.n for one in shown} == {6}
    assert [one.requests.part for one in shown] == [2, 2, 1, 1]
    costs = {one.chosen: (one.cost_nano, one.cost_unknown) for one in shown}
    assert costs == {"small": (2_030, 0), None: (0, 1), "calculator": (0, 0), "large": (10_370, 0)}


def test_an_empty_store_has_no_stages(empty: sa.Engine):
    assert funnel(empty, Filters()) == model_shares(empty, Filters()) == []
