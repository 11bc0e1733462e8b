"""The exact cache: answers that are given again to the same request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router_core.policy.schema.values import Count, Strict
from router_core.request import DataClass


class CacheEntry(Strict):
    """An accepted answer is given again to the same request, with no model called. No entry crosses tenants."""

    ttl_s: Annotated[float, Field(gt=0, le=2_592_000)] = 300.0
    """Seconds for which an answer is kept."""
    max_entries: Annotated[Count, Field(le=1_000_000)] = 10_000
    """Answers of this route that are kept; those used longest ago go first."""
    max_bytes: Annotated[Count, Field(le=17_179_869_184)] = 67_108_864
    """The same in bytes; a larger answer is not kept at all."""
    scope: Literal["tenant", "key"] = "tenant"
    """Who shares entries: all keys of a tenant, or each key has its own."""
    max_temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Requests of a higher temperature are always answered anew. One that states none counts as 1, since that is what
    upstreams take."""
    max_data_class: DataClass = "internal"
    """Nothing of requests whose data are more protected is kept."""
    personal_data: bool = False
    """Whether answers to requests that hold personal data or secrets are kept. Where a rule has them redacted, only the
    redacted form is kept, and that does not need this."""
