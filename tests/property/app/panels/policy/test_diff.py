"""Two versions differ in words exactly when their content versions differ."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.panels.policy.diff import changes
from router_core.policy.loading import content_version

NAMES = st.sampled_from(["a", "b", "a.b", "a (2)", "name", "models", "rules", "then", "any_of"])
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 2) | st.sampled_from(["", "x", "1"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
NAMED = st.lists(
    st.builds(lambda name, more: {**more, "name": name}, NAMES, st.dictionaries(NAMES, VALUES)), max_size=3
)
POLICIES = st.dictionaries(st.sampled_from(["models", "rules", "budgets", "telemetry", "name"]), VALUES | NAMED)


@given(POLICIES, POLICIES)
def test_what_differs_is_told_and_nothing_else_is(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert (changes(before, after) == []) == (content_version(before) == content_version(after))


@given(POLICIES)
def test_nothing_differs_from_itself(policy: dict[str, Any]) -> None:
    assert changes(policy, policy) == []


@given(POLICIES, POLICIES)
def test_what_came_one_way_goes_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    def kinds(changed: list[Any], came: str, went: str) -> list[tuple[str, str]]:
        return sorted((one.subject, one.key) for one in changed if one.kind in (came, went))

    there, back = changes(before, after), changes(after, before)
    assert kinds(there, "added", "changed") == kinds(back, "removed", "changed")
