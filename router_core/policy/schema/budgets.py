"""Budgets: what may be spent in a day or a month, and by whom."""

from __future__ import annotations

from typing import Literal

from router_core.policy.schema.values import Amount, Strict


class Budget(Strict):
    """Money for a day or a month. Every branch sets aside what it may cost, and settles what it did cost."""

    name: str
    """Stands in the decision beside whatever it excludes."""
    owner: str | None = None
    """Who answers for this budget."""
    usd: Amount
    """USD for the period."""
    period: Literal["day", "month"]
    """Of the calendar, in UTC."""
    per: Literal["policy", "tenant", "key", "route"] = "policy"
    """Who has this amount each: all requests together, or each tenant, API key or route."""
    tenants: frozenset[str] | None = None
    """Only requests of these tenants count."""
    routes: frozenset[str] | None = None
    """Only requests to these routes count, and requests by name to a model that one of them may answer with."""
    on_exhausted: Literal["refuse", "cheapest", "local"] = "refuse"
    """When nothing that may answer is affordable any more: refuse with a 402, go on with the cheapest model alone, or
    with local models alone. What goes on is still counted."""
