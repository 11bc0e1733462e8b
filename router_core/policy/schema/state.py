"""Shared state: what several gateway processes know together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router_core.policy.schema.values import Strict


class StateEntry(Strict):
    """What becomes of requests while the state that gateways share cannot be used: the file or the database of budgets,
    rate limits, breakers, sessions and cache. Breakers, sessions and the cache are then those of each process."""

    on_unavailable: Literal["fail_closed", "fail_open"] = "fail_closed"
    """For budgets and the rate limits of keys. `fail_closed` refuses with a 503 what they count: a limit that somebody
    has set is kept. `fail_open` lets it through unchecked; the decision says so, and what is spent is counted later."""
    patience_ms: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How long a request waits for it, in milliseconds. Once one has waited in vain, none waits until it is there
    again."""
