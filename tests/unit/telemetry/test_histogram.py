from __future__ import annotations

import math

import pytest

from telemetry import histogram


def test_an_empty_histogram_has_no_percentile():
    assert histogram.percentiles("", [0.5, 0.95]) == [None, None]
    assert histogram.percentiles(None, [0.5]) == [None]


def test_a_value_stands_within_the_stated_error_of_itself():
    for value in (0.001, 0.5, 1.0, 40.0, 1234.5, 3_600_000.0):
        shown = histogram.value_of(histogram.bucket_of(value))
        assert abs(shown - value) / value <= histogram.RELATIVE_ERROR + 1e-12


@pytest.mark.parametrize("odd", [0.0, -5.0, float("nan"), float("-inf")])
def test_what_is_no_duration_counts_as_zero(odd):
    assert histogram.bucket_of(odd) == 0


def test_an_endless_duration_stays_in_the_last_bucket():
    assert histogram.bucket_of(math.inf) == histogram.bucket_of(1e300) == 4095


def test_the_text_is_eight_hex_digits_an_entry_in_order_of_buckets():
    assert histogram.encode({2: 1, 1: 3}) == "0010000300200001"


def test_a_count_that_does_not_fit_an_entry_is_split_and_comes_back_whole():
    counts = {7: 3_000_000}
    text = histogram.encode(counts)
    assert len(text) == 3 * 8
    assert histogram.decode(text) == counts


def test_joined_texts_are_the_merged_histogram():
    one, two = histogram.count([1.0, 2.0]), histogram.count([2.0, 8.0])
    joined = histogram.encode(one) + histogram.encode(two)
    histogram.add(one, two)
    assert histogram.decode(joined) == one


def test_many_joined_texts_give_the_same_percentiles_as_few():
    """Long texts take the numpy path, short ones the plain one."""
    values = [float(number) for number in range(1, 1001)]
    short = histogram.encode(histogram.count(values[:40]))
    long = "".join(histogram.encode(histogram.count([value])) for value in values[:40]) * 50
    assert histogram.percentiles(short, [0.5, 0.95]) == histogram.percentiles(long, [0.5, 0.95])


def test_many_histograms_tell_at_once_what_each_tells_alone():
    texts = [
        histogram.encode(histogram.count([1.0, 2.0, 700.0])),
        "",
        None,
        histogram.encode(histogram.count([5.0] * 9)) + histogram.encode(histogram.count([0.5, 5.0])),
        histogram.encode({7: 3_000_000}),
    ]
    shares = (0.0, 0.5, 0.95, 1.0)
    told = histogram.summaries(texts, shares, bucket=histogram.bucket_of(2.0))
    assert [list(one.percentiles) for one in told] == [histogram.percentiles(text, shares) for text in texts]
    assert [one.n for one in told] == [histogram.total(text) for text in texts]
    assert [one.beyond for one in told] == [1, 0, 0, 10, 0]
    assert histogram.summaries([], shares) == []
    assert [one.n for one in histogram.summaries(["", None], shares)] == [0, 0]


def test_the_highest_of_many_histograms_are_found_by_bucket():
    texts = [histogram.encode(histogram.count(values)) for values in ([1.0, 900.0], [2.0], [900.0, 40.0])]
    last, beyond, within = histogram.highest(texts, 3)
    assert last == histogram.bucket_of(40.0)
    assert (beyond, within) == ([True, False, True], [False, False, True])
    last, beyond, within = histogram.highest(texts, 99)
    assert (last, within) == (histogram.bucket_of(1.0), [True, False, False])
    assert histogram.highest(["", ""], 5) == (-1, [False, False], [False, False])
    assert histogram.lowest_of(last) <= 1.0
    assert histogram.lowest_of(0) < 0


def test_of_many_histograms_those_are_told_that_reach_a_bucket():
    texts = [histogram.encode(histogram.count(values)) for values in ([1.0, 900.0], [2.0], [], [40.0])]
    assert histogram.reaching(texts, histogram.bucket_of(40.0)) == [True, False, False, True]
    assert histogram.reaching(texts, histogram.bucket_of(41.0)) == [True, False, False, False]
    assert histogram.reaching([], 5) == []
