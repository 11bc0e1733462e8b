from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.strata import MIN_REFERENCE, match

strata = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(lambda values: np.array(values, dtype=np.int64))


@given(strata, strata)
def test_the_weighted_reference_was_asked_what_the_week_was_asked(reference: np.ndarray, current: np.ndarray):
    matched = match(reference, current)
    kept, now = reference[matched.reference], current[matched.current]
    assert set(kept) == set(now)
    for stratum in set(now):
        share = matched.weights[kept == stratum].sum() / matched.weights.sum()
        assert share == pytest.approx(np.mean(now == stratum))
        assert np.sum(kept == stratum) >= MIN_REFERENCE
    if kept.size:
        assert matched.weights.mean() == pytest.approx(1)


def test_equal_mixes_weigh_everything_alike_and_strange_ones_match_nothing():
    same = np.repeat(np.arange(3), 20)
    assert match(same, same[::2]).weights == pytest.approx(1.0)
    strange = match(same, same + 10)
    assert (strange.share, strange.weights.size, strange.reference.any()) == (0.0, 0, False)
    assert match(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)).share == 0.0
