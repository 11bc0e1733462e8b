"""Shared state: what several gateway processes know together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router_core.policy.schema.values import Strict


class StateEntry(Strict):
    """What becomes of requests while what gateways share is away: budgets, rates, breakers, sessions, cache."""

    on_unavailable: Literal["fail_closed", "fail_open"] = "fail_closed"
    """For budgets and the rates of keys. `fail_closed` refuses with a 503 what they count: a limit that somebody has
    set is kept. `fail_open` lets it through unchecked; the decision says so, and what is spent is counted later.
    Breakers, sessions and the cache never refuse anything: each process then goes by its own."""
    patience_ms: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How long a request waits for it, in milliseconds. Once one has waited in vain, none waits until it is there
    again."""
