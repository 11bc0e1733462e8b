"""What holds of every plan, whatever the strategy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.strategies.base import Prospect, Strategy
from router_core.strategies.cascade import Cascade
from router_core.strategies.cost import Cost
from router_core.strategies.floor import Floor
from router_core.strategies.intent import Intent
from router_core.strategies.latency import Latency
from router_core.strategies.weighted import Weighted
from tests.prospects import situation

TIERS = ("small", "large")
FLOOR = Floor(frozenset(TIERS), None)
STRATEGIES: dict[str, Strategy] = {
    "cascade": Cascade(TIERS),
    "cost": Cost(FLOOR),
    "cost with a floor": Cost(Floor(frozenset(TIERS), 0.5)),
    "latency": Latency(FLOOR, 0.1),
    "weighted": Weighted({"m0": 1.0, "m1": 3.0, "m2": 0.5}, "none"),
    "sticky": Weighted({"m0": 1.0, "m1": 3.0, "m2": 0.5}, "key"),
    "intent": Intent({"code": ("m1", "m3")}, {}, ("m0", "m2")),
}

maybe = st.none() | st.floats(0, 1e6)
prospects = st.lists(
    st.builds(
        Prospect,
        st.sampled_from([f"m{number}" for number in range(6)]),
        st.sampled_from(["small", "large", "other"]),
        st.none() | st.floats(0, 1),
        st.none() | st.integers(0, 10**12),
        maybe,
        maybe,
    ),
    unique_by=lambda one: one.model,
    max_size=6,
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(
    prospects=prospects,
    draw=st.floats(0, 1, exclude_max=True),
    intent=st.sampled_from(["code", "chat"]),
    target=st.none() | st.integers(1, 10**6),
    key=st.none() | st.text(max_size=20),
)
def test_a_plan_orders_eligible_models_once_each_and_accounts_for_the_others(
    name: str, prospects: list[Prospect], draw: float, intent: str, target: int | None, key: str | None
) -> None:
    asked = situation(intent, latency_target_ms=target, sticky_key=key)
    plan = STRATEGIES[name].plan(asked, prospects, draw)
    planned = [place.model for place in plan.models]
    assert len(planned) == len(set(planned))
    assert set(planned) | set(plan.left_out) == {one.model for one in prospects}
    assert not set(planned) & set(plan.left_out)
    scores = [place.score for place in plan.models]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= place.propensity <= 1 for place in plan.models)
    if planned:
        assert sum(place.propensity for place in plan.models) == pytest.approx(1)
        if name != "sticky":
            assert plan.models[0].propensity > 0
