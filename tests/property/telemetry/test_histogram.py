from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry import histogram

durations = st.floats(min_value=0.001, max_value=1e9, allow_nan=False)
counts = st.dictionaries(st.integers(0, 4095), st.integers(1, 5_000_000), max_size=20)


@settings(deadline=None)
@given(durations)
def test_a_bucket_stands_for_its_values_within_the_stated_error(value):
    shown = histogram.value_of(histogram.bucket_of(value))
    assert abs(shown - value) / value <= histogram.RELATIVE_ERROR * (1 + 1e-9)


@settings(deadline=None)
@given(durations, durations)
def test_a_longer_duration_is_never_in_a_lower_bucket(one, two):
    low, high = sorted((one, two))
    assert histogram.bucket_of(low) <= histogram.bucket_of(high)


@settings(deadline=None)
@given(counts)
def test_encoding_loses_nothing(histogram_counts):
    assert histogram.decode(histogram.encode(histogram_counts)) == histogram_counts


@settings(deadline=None)
@given(counts, counts)
def test_joining_texts_is_merging_histograms_in_any_order(one, two):
    merged = dict(one)
    histogram.add(merged, two)
    first, second = histogram.encode(one), histogram.encode(two)
    assert histogram.decode(first + second) == histogram.decode(second + first) == merged


@settings(deadline=None)
@given(st.lists(durations, min_size=1, max_size=300), st.floats(0.0, 1.0))
def test_a_percentile_is_within_the_stated_error_of_the_exact_one(values, share):
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    (shown,) = histogram.percentiles(histogram.encode(histogram.count(values)), [share])
    assert shown is not None
    assert abs(shown - exact) / exact <= histogram.RELATIVE_ERROR * (1 + 1e-9)


@settings(deadline=None)
@given(st.lists(durations, min_size=1, max_size=300))
def test_percentiles_never_fall(values):
    shown = histogram.percentiles(histogram.encode(histogram.count(values)), [0.0, 0.1, 0.5, 0.9, 0.99, 1.0])
    assert shown == sorted(shown)  # type: ignore[type-var]


@settings(deadline=None)
@given(st.lists(durations, min_size=70, max_size=300))
def test_the_fast_path_agrees_with_the_plain_one(values):
    joined = "".join(histogram.encode(histogram.count([value])) for value in values)
    plain = histogram.decode(joined)
    assert histogram._sorted_pairs(joined) == sorted(plain.items())


@settings(deadline=None)
@given(counts, counts)
def test_counting_more_into_a_text_gives_the_canonical_text_of_both(one, two):
    both = dict(one)
    histogram.add(both, two)
    text = histogram.encode(one)
    assert histogram.joined(text, histogram.encode(two)) == histogram.encode(both)
    for bucket, number in two.items():
        text = histogram.joined(text, histogram.encode({bucket: number}))
    assert text == histogram.encode(both)


@settings(deadline=None)
@given(counts, counts)
def test_what_was_counted_can_be_taken_away_again(one, two):
    part = histogram.encode(two)
    assert histogram.less(histogram.joined(histogram.encode(one), part), part) == histogram.encode(one)


@settings(deadline=None)
@given(st.floats(allow_nan=True))
def test_any_score_has_a_bucket(score):
    assert 0 <= histogram.score_bucket(score) <= histogram.SCORE_BUCKETS
