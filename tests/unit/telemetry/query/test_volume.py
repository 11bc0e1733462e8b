from __future__ import annotations

import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.overview import series
from telemetry.query.volume import volumes

REAL = Filters(simulated=False)


def test_volumes_are_the_counts_and_costs_of_the_series(varied: sa.Engine):
    for step in ("hour", "day"):
        whole = [(one.start, one.requests, one.cost_nano, one.cost_unknown) for one in series(varied, REAL, step)]
        assert [
            (one.start, one.requests, one.cost_nano, one.cost_unknown) for one in volumes(varied, REAL, step)
        ] == whole
        assert whole


def test_an_empty_store_has_no_volume(empty: sa.Engine):
    assert volumes(empty, Filters(), "day") == []
