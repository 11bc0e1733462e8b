"""What a policy may say of sessions, the cache and tool loops, and what of it cannot work."""

from __future__ import annotations

import pytest

from router_core.errors import PolicyError
from router_core.policy.loading import LoadedPolicy
from tests.routing import policy


def fault(**fields: str) -> str:
    with pytest.raises(PolicyError) as caught:
        policy(**fields)  # type: ignore[arg-type]
    return "\n".join(f"{one.key}: {one.problem}; {one.remedy}" for one in caught.value.faults)


def test_all_of_it_is_off_unless_a_route_asks_for_it() -> None:
    route = policy().policy.routes["chat"]
    assert (route.sticky, route.cache, route.escalate_on_tool_trouble) == (None, None, None)


def test_an_empty_table_takes_what_is_usual() -> None:
    loaded: LoadedPolicy = policy(route="sticky = {}\ncache = {}")
    route = loaded.policy.routes["chat"]
    assert route.sticky is not None
    assert route.cache is not None
    assert (route.sticky.ttl_s, route.cache.ttl_s, route.cache.max_temperature) == (3600, 300, 0)
    assert (route.cache.scope, route.cache.max_data_class, route.cache.personal_data) == ("tenant", "internal", False)


def test_a_conversation_has_no_model_to_stay_with_where_several_are_asked() -> None:
    assert "say fan_out = 1, or leave sticky out" in fault(route="sticky = {}\nfan_out = 2")


def test_a_tool_that_is_called_like_the_cache_needs_another_name() -> None:
    tool = '[tools.cache]\nkind = "calculator"\n'
    assert "give [tools.cache] another name" in fault(route="cache = {}", rules=tool)
    assert policy(rules=tool)


def test_tool_trouble_needs_a_model_that_takes_functions() -> None:
    assert "no model of the policy takes functions" in fault(route="escalate_on_tool_trouble = 0.5")


@pytest.mark.parametrize(
    "route",
    [
        "sticky = { ttl_s = 0 }",
        "cache = { max_bytes = 0 }",
        "cache = { max_temperature = 3 }",
        "cache = { semantic = 1 }",
    ],
)
def test_what_is_out_of_range_is_refused(route: str) -> None:
    assert fault(route=route)
