"""Whatever fails, whenever: no wait that the deadline does not leave time for, none shorter than the upstream asked."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from router_core import errors
from router_core.errors import ProviderError
from router_core.policy.schema import RetryEntry
from router_core.resilience.retry import next_delay

kinds = st.sampled_from(
    [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ProviderError) and kind is not ProviderError
    ]
)
policies = st.builds(
    RetryEntry,
    attempts=st.integers(1, 10),
    on=st.lists(
        st.sampled_from(
            ["rate_limited", "unreachable", "upstream_failure", "first_token_timeout", "timeout", "bad_response"]
        ),
        unique=True,
    ).map(tuple),
    base_s=st.floats(0.01, 10),
    max_s=st.floats(0.01, 60),
    max_retry_after_s=st.floats(0.01, 60),
    min_left_s=st.floats(0, 5),
)


@given(
    kinds, st.none() | st.floats(0, 1e6), st.integers(1, 1_000), st.floats(-10, 600), policies, st.integers(0, 1_000)
)
def test_a_wait_fits_the_deadline_and_the_upstreams_word(
    kind: type[ProviderError], asked: float | None, attempt: int, left: float, policy: RetryEntry, seed: int
) -> None:
    error = kind("failed")
    error.retry_after_s = asked
    delay = next_delay(error, attempt, left, policy, random.Random(seed))
    if delay is None:
        return
    assert attempt < policy.attempts
    assert error.code in policy.on
    assert error.counts_against_model
    assert 0 <= delay < left
    if asked is None:
        assert delay <= policy.max_s
    else:
        assert asked <= delay <= policy.max_retry_after_s + policy.base_s
