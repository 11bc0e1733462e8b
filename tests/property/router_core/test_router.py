"""Whatever models answer, a request ends in exactly one decision whose parts add up."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core import errors, semconv
from router_core.errors import RoutingError
from router_core.pricing import Usage
from router_core.providers.base import Call
from router_core.providers.scripted import Reply
from router_core.request import RouteRequest
from tests.routing import Bench, policy

FAILURES = [
    errors.ProviderTimeout("late"),
    errors.RateLimited("busy"),
    errors.UpstreamFailure("500"),
    errors.UpstreamRejected("400"),
    errors.ContentFiltered("no"),
    errors.BadUpstreamResponse("garbage"),
]
chunks = st.lists(
    st.sampled_from(["42", "41 ", "I'm sorry, but I can't help with that.", "", "\x00", "{}"]), max_size=3
)
usages = st.sampled_from([None, Usage(), Usage(5, None), Usage(10, 3), Usage(10, 3, 4)])
replies = st.builds(
    Reply,
    chunks=chunks.map(tuple),
    finish_reason=st.sampled_from(["stop", "length", "content_filter"]),
    usage=usages,
    first_chunk_s=st.sampled_from([0.0, 1.0, 50.0]),
    error=st.none() | st.sampled_from(FAILURES),
)
POLICIES = [
    policy(validators=["polite", "second"], route="deadline_s = 60"),
    policy(validators=["polite"], route='aggregator = "best_score"\ncaps = { usd = "0.003", branches = 2 }'),
    policy(validators=[], route='stream = "immediate"', tiny='fallback = "huge"'),
    policy(validators=["second"], prices={}, probes='"twin", "huge"'),
]


class Always:
    """The same reply to every call."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def __call__(self, call: Call) -> Reply:
        return self.reply


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(POLICIES), replies, replies, replies)
def test_any_script_leaves_one_decision_whose_branches_add_up(loaded, tiny, twin, huge) -> None:
    bench = Bench(loaded, tiny=Always(tiny), twin=Always(twin), huge=Always(huge))
    try:
        result = asyncio.run(bench.router.aroute(RouteRequest.from_prompt("Is it 41 or 42?")))
    except RoutingError as error:
        decision_id, status = error.decision_id, "failed"
    else:
        decision_id, status = result.decision.decision_id, "ok"
    assert bench.decisions == [decision_id]
    root = dict(bench.root.attributes or {})
    branches = [dict(span.attributes or {}) for span in bench.branches]
    assert root[semconv.STATUS] == status
    assert root[semconv.BRANCHES] == len(branches)

    costs = [branch.get(semconv.COST_NANO) for branch in branches]
    assert root.get(semconv.COST_NANO) == (None if None in costs else sum(costs))
    accepted = [branch for branch in branches if branch[semconv.BRANCH_OUTCOME] == "accepted"]
    assert len(accepted) == (1 if status == "ok" else 0)
    rest = [branch.get(semconv.COST_NANO) for branch in branches if branch not in accepted]
    assert root.get(semconv.DISCARDED_COST_NANO) == (None if None in rest else sum(rest))
    assert all(cost is None or cost >= 0 for cost in costs)
    assert all(branch[semconv.BRANCH_OUTCOME] != "unscored" for branch in branches)
