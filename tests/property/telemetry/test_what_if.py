"""Whatever was logged: at the threshold in force all is as it was, and a higher one escalates no less."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from telemetry.query.chains import Chain
from telemetry.query.what_if import WhatIf, what_ifs
from tests.unit.telemetry.query.test_what_if import accepted, escalated

HUNDREDTHS = st.integers(0, 100).map(lambda number: number / 100)
CHAINS = st.lists(
    st.tuples(HUNDREDTHS, HUNDREDTHS, st.integers(0, 10**6)).map(
        lambda three: accepted(three[0], three[2]) if three[0] >= 0.5 else escalated(*three)
    ),
    min_size=1,
    max_size=20,
)


def only(chains: list[Chain]) -> WhatIf:
    (found,) = what_ifs(chains)
    return found


@given(CHAINS)
def test_at_the_threshold_in_force_all_is_as_it_was(chains: list[Chain]):
    found = only(chains)
    there = found.points[50]
    assert (there.escalated, there.cost_nano) == (found.now.escalated, found.now.cost_nano)
    assert (there.kept, there.sent_on, there.stuck) == (0, 0, 0)


@given(CHAINS)
def test_the_higher_the_threshold_the_more_escalate_and_the_dearer_it_is(chains: list[Chain]):
    for lower, higher in pairwise(only(chains).points):
        assert lower.escalated.part <= higher.escalated.part
        assert lower.cost_nano is not None and higher.cost_nano is not None and lower.cost_nano <= higher.cost_nano
        assert higher.low_nano is not None and higher.high_nano is not None
        assert higher.low_nano <= higher.cost_nano <= higher.high_nano
