"""The policy's budgets as the gateway tells them: `GET /v1/budgets`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

PERIODS: Final = ("day", "month")
PER: Final = ("policy", "tenant", "key", "route")


@dataclass(frozen=True, slots=True)
class Spender:
    """What one holder has used of its amount, in USD."""

    holder: str | None
    """The tenant, the route, or the name of an API key (empty: no key); None when all requests share the amount."""
    spent: float
    held: float
    """Set aside for calls that are on their way."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget in its present period."""

    name: str
    owner: str | None
    per: str
    """One of `PER`."""
    period: str
    """``day`` or ``month``, of the calendar in UTC."""
    tenants: tuple[str, ...]
    """Whose requests count; empty: everybody's."""
    routes: tuple[str, ...]
    on_exhausted: str
    limit: float
    """USD, of each holder."""
    start: datetime
    end: datetime
    """When every holder has the whole amount again."""
    spenders: tuple[Spender, ...]
    """The fullest first; who has used nothing is not among them."""
    more: bool


def budgets_of(answer: Mapping[str, Any]) -> tuple[Budget, ...]:
    """What a gateway has answered.

    Raises:
        ValueError: it is of another form.
    """
    try:
        return tuple(_budget(entry) for entry in answer["data"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its list of budgets has another form ({type(error).__name__})") from None


def _budget(entry: Mapping[str, Any]) -> Budget:
    per, period = str(entry["per"]), str(entry["period"])
    if per not in PER or period not in PERIODS:
        raise ValueError("its list of budgets names a holder or a period that this dashboard does not know")
    start, end = _moment(entry["started_at"]), _moment(entry["resets_at"])
    if end <= start:
        raise ValueError("its list of budgets has a period that ends before it begins")
    return Budget(
        name=str(entry["name"]),
        owner=None if entry.get("owner") is None else str(entry["owner"]),
        per=per,
        period=period,
        tenants=tuple(map(str, entry.get("tenants") or ())),
        routes=tuple(map(str, entry.get("routes") or ())),
        on_exhausted=str(entry.get("on_exhausted", "")),
        limit=float(entry["limit_usd"]),
        start=start,
        end=end,
        spenders=tuple(
            Spender(
                None if one["holder"] is None else str(one["holder"]), float(one["spent_usd"]), float(one["held_usd"])
            )
            for one in entry["holders"]
        ),
        more=entry.get("more_holders") is True,
    )


def _moment(written: object) -> datetime:
    found = datetime.fromisoformat(str(written))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
