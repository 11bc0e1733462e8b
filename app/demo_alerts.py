"""The alerts that the built-in rules would have raised over the simulated history, hour by hour, and closer where
calls failed.

Nobody was there to evaluate them at the time; whoever looks at the demo sees what they would have seen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.round import evaluate
from telemetry.query import overview, volume
from telemetry.query.filters import Filters

WEEKS: Final = 5
"""How far back, at most: the incident of the demo's fifth week is in it."""
EVERY: Final = timedelta(hours=1)
CLOSELY: Final = timedelta(minutes=10)
MANY: Final = 4
"""Failed calls in an hour from which on it is looked at closely, and the one after it."""
FEWEST: Final = 10
"""Requests in an hour below which no rule would judge it."""


def alert_history(
    engine: sa.Engine,
    start: datetime,
    *,
    end: datetime | None = None,
) -> int:
    """Evaluate the rules about simulated traffic from ``start`` on, up to now; how often one fired.

    Args:
        engine: one that writes.
        start: of the history; at most `WEEKS` of it are looked at.
        end: default: now.

    Raises:
        StorageError
    """
    end = end or datetime.now(UTC)
    begin = max(start, end - timedelta(weeks=WEEKS)).replace(minute=0, second=0, microsecond=0)
    # What a policy says of refusals is not known here, and budgets are nobody's.
    rules = [rule for rule in BUILTIN if rule.of.simulated and rule.of.source not in ("scores", "feedback")]
    fired = 0
    for moment in _busy(engine, begin, end):
        fired += len(evaluate(engine, rules, now=moment, simulated=(True,), longest=2 * EVERY).fired)
    return fired


def _busy(engine: sa.Engine, begin: datetime, end: datetime) -> list[datetime]:
    """When it is worth to look: after each hour in which something can be judged, and at the end of all."""
    filters = Filters(start=begin, end=end, simulated=True)
    hours = [one.start + EVERY for one in volume.volumes(engine, filters, "hour") if one.requests >= FEWEST]
    failed: dict[datetime, int] = {}
    for one in overview.model_series(engine, filters, "hour"):
        failed[one.start] = failed.get(one.start, 0) + one.failed
    # An alert wants its threshold breached for minutes: where calls failed, it is looked at every few.
    close = [hour + n * CLOSELY for hour, number in failed.items() if number >= MANY for n in range(1, 13)]
    if not hours:
        return []
    return [*sorted({moment for moment in (*hours, *close) if moment < end}), end]
