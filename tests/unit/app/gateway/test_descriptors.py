"""A gateway takes as many connections as the system lets it, and never fewer than it had."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from app.gateway.descriptors import MOST, allow_connections

LIMIT = resource.RLIMIT_NOFILE


@pytest.fixture
def hard() -> Iterator[int]:
    soft, hard = resource.getrlimit(LIMIT)
    yield hard
    resource.setrlimit(LIMIT, (soft, hard))


def test_a_low_limit_is_raised_as_far_as_it_may_be(hard: int) -> None:
    resource.setrlimit(LIMIT, (512, hard))
    allow_connections()
    assert resource.getrlimit(LIMIT) == (MOST if hard == resource.RLIM_INFINITY else min(MOST, hard), hard)


def test_a_high_limit_stays(hard: int) -> None:
    resource.setrlimit(LIMIT, (hard, hard))
    allow_connections()
    assert resource.getrlimit(LIMIT) == (hard, hard)
