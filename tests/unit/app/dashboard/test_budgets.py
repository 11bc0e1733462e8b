"""Budgets as a gateway tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.dashboard.budgets import Spender, budgets_of

ENTRY: dict[str, Any] = {
    "name": "team",
    "owner": None,
    "per": "tenant",
    "period": "month",
    "tenants": None,
    "routes": ["chat"],
    "on_exhausted": "refuse",
    "limit_usd": 20.0,
    "started_at": "2026-11-01T00:00:00+00:00",
    "resets_at": "2026-12-01T00:00:00+00:00",
    "holders": [{"holder": "acme", "spent_usd": 4.5, "held_usd": 0.5}],
    "more_holders": False,
}


def test_a_budget_and_who_spends_from_it_are_read() -> None:
    (found,) = budgets_of({"data": [ENTRY]})
    assert (found.name, found.owner, found.tenants, found.routes) == ("team", None, (), ("chat",))
    assert (found.limit, found.start) == (20.0, datetime(2026, 11, 1, tzinfo=UTC))
    assert found.spenders == (Spender("acme", 4.5, 0.5),)


def test_no_budgets_are_none() -> None:
    assert budgets_of({"data": []}) == ()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": [3]},
        {"data": [{**ENTRY, "limit_usd": "much"}]},
        {"data": [{**ENTRY, "per": "planet"}]},
        {"data": [{**ENTRY, "resets_at": "soon"}]},
        {"data": [{**ENTRY, "resets_at": ENTRY["started_at"]}]},
        {"data": [{**ENTRY, "holders": [{}]}]},
    ],
)
def test_an_answer_of_another_form_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        budgets_of(answer)
