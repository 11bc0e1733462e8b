"""A caller's Cache-Control header only narrows what a route's cache may do."""

from __future__ import annotations

import pytest

from router_core.cache_control import CacheControl


@pytest.mark.parametrize(
    ("header", "read", "store", "max_age_s"),
    [
        ("", True, True, None),
        ("no-cache", False, True, None),
        ("No-Store", True, False, None),
        ("no-cache, no-store, must-revalidate", False, False, None),
        ("max-age=60", True, True, 60),
        ('max-age="60"', True, True, 60),
        ("max-age=0", True, True, 0),
        ("max-age=soon", True, True, 0),
        ("max-age=99999999999999999999", True, True, 999_999_999),
        ("max-age=1, max-age=2", True, True, 1),
        ("private, only-if-cached", True, True, None),
        (",,=,", True, True, None),
    ],
)
def test_directives_that_mean_something_are_read(header: str, read: bool, store: bool, max_age_s: int | None) -> None:
    assert CacheControl.from_header(header) == CacheControl(read, store, max_age_s)
