"""Risk: the effective one of a request. A caller may raise it and rules may raise it; nothing lowers it."""

from __future__ import annotations

from collections.abc import Iterable

from router_core.request import RISKS, Risk


def effective_risk(stated: Risk, raised: Iterable[Risk | None]) -> Risk:
    """The highest of what the caller stated and what rules raise it to."""
    return max((stated, *(risk for risk in raised if risk is not None)), key=RISKS.index)
