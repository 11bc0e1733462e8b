"""What the intent classifier sees of words is theirs alone: no n-gram reaches from one into the next."""

import numpy as np
import pytest

from router_core.signals.word_grams import DIMENSIONS, word_features


def of(features, place):
    mine = features.owners == place
    return sorted(zip(features.buckets[mine].tolist(), features.values[mine].tolist(), strict=True))


@pytest.mark.parametrize("words", [["summarise", "this,", "a", "été", "漢字", "😀", "\ud800", "(why?)"], ["x"]])
def test_a_word_has_the_same_features_alone_and_among_others(words):
    together = word_features(words)
    for place, word in enumerate(words):
        assert of(together, place) == of(word_features([word]), 0)


def test_every_n_gram_of_one_to_five_characters_counts_with_the_spaces_around_the_word():
    # " ab " has 4, 3, 2 and 1 n-grams, and the word itself is one more.
    assert len(word_features(["ab"]).buckets) == 4 + 3 + 2 + 1 + 1


def test_marks_around_a_word_change_its_n_grams_and_not_the_word():
    plain, marked = (
        {bucket for bucket, value in of(word_features([word]), 0) if value == 1.0} for word in ("why", '"why?"')
    )
    assert plain == marked and len(plain) == 1
    assert 1.0 not in word_features(["?"]).values


def test_features_are_in_range_and_ordered_by_word():
    buckets, values, owners = word_features(["Summarise", "this,", "please."])
    assert buckets.min() >= 0 and buckets.max() < DIMENSIONS
    assert np.all(values > 0)
    assert np.all(np.diff(owners) >= 0)
