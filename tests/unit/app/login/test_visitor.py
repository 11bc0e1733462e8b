"""Who a provider's word makes of somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.login.file import Roles
from app.login.visitor import is_fresh, visitor_of

ROLES = Roles(operators=frozenset({"anna@example.org"}), viewers=frozenset({"@example.org", "guest@example.net"}))
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def said(email: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "email_verified": True, **more}


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("anna@example.org", "operator"),
        ("Anna@Example.org", "operator"),
        ("ben@example.org", "viewer"),
        ("guest@example.net", "viewer"),
        ("other@example.net", None),
        ("anna@example.org.evil.net", None),
        ("anna@evil.net@example.org", None),
        ("@example.org", "viewer"),
        ("", None),
    ],
)
def test_an_address_has_the_highest_role_that_names_it(email: str, role: str | None) -> None:
    assert visitor_of(said(email), ROLES).role == role


@pytest.mark.parametrize("verified", [False, None, "no", 0])
def test_an_address_that_nobody_verified_is_nobodys(verified: object) -> None:
    assert visitor_of({"email": "anna@example.org", "email_verified": verified}, ROLES).role is None
    assert visitor_of({"email": "anna@example.org"}, ROLES).role is None


def test_groups_are_compared_as_they_are_written() -> None:
    roles = Roles(claim="groups", operators=frozenset({"platform"}), viewers=frozenset({"staff"}))
    assert visitor_of({"sub": "7", "groups": ["staff", "platform"]}, roles).role == "operator"
    assert visitor_of({"sub": "7", "groups": ["Platform"]}, roles).role is None
    assert visitor_of({"sub": "7", "groups": {"platform": True}}, roles).role is None
    assert visitor_of({"sub": "7"}, roles).role is None


def test_a_word_holds_for_some_hours_and_one_without_its_time_for_none() -> None:
    def age(hours: float) -> bool:
        return is_fresh({"iat": (NOW - timedelta(hours=hours)).timestamp()}, ROLES, NOW)

    assert age(0)
    assert age(11.9)
    assert not age(12)
    assert not age(-1)
    assert not is_fresh({}, ROLES, NOW)
    assert not is_fresh({"iat": True}, ROLES, NOW)
    assert not is_fresh({"iat": "1795500000"}, ROLES, NOW)
