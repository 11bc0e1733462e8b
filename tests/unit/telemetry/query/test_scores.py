from __future__ import annotations

import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.scores import recent_scores


def test_the_newest_decisions_tell_of_thresholds_and_of_escalations(varied: sa.Engine):
    found = recent_scores(varied, Filters(simulated=False))
    assert (found.n, found.whole) == (6, True)
    assert found.since is not None and (found.since.day, found.since.hour) == (2, 9)
    of_models = next(one for one in found.what_ifs if one.kind == "model")
    assert (of_models.validator, of_models.thresholds[0][0], of_models.now.escalated.part) == ("length", 0.5, 1)
    assert of_models.points[20].escalated.part == 0
    (after,) = found.aftermaths
    # A probe and a judge were called to look at the answer that was rejected.
    assert (after.model, after.endings["passed"].part, after.rejected_nano, after.further_nano) == (
        "small",
        1,
        1_370,
        9_000,
    )
    assert found.rejected_by == {("length", "small"): "escalated"}


def test_an_empty_store_tells_nothing(empty: sa.Engine):
    found = recent_scores(empty, Filters())
    assert (found.n, found.since, found.whole) == (0, None, True)
    assert found.what_ifs == [] and found.aftermaths == [] and found.rejected_by == {}
