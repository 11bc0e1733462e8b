"""What a model makes of words is worked out once, and the same whether it is remembered or not."""

import numpy as np
import pytest

from router_core.signals.word_rows import GENERATION, LONGEST, WordRows, summed


class Model:
    """Says of a word how long it is and how often it holds an "a"; knows which words it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, words):
        self.asked.append(list(words))
        return np.array([[len(word), word.count("a")] for word in words], dtype=np.float32)


@pytest.fixture
def model():
    return Model()


def test_each_word_has_its_row_in_the_order_asked_for(model):
    assert WordRows(2, model).of(["banana", "plum", "banana"]).tolist() == [[6, 3], [4, 0], [6, 3]]


def test_only_new_words_are_worked_out_and_each_once(model):
    rows = WordRows(2, model)
    rows.of(["a", "bb", "a"])
    assert rows.of(["bb", "ccc", "ccc", "a"]).tolist() == [[2, 0], [3, 0], [3, 0], [1, 1]]
    assert model.asked == [["a", "bb"], ["ccc"]]


def test_a_word_so_long_that_it_may_be_a_key_is_not_remembered(model):
    rows, key = WordRows(2, model), "k" * (LONGEST + 1)
    assert rows.of([key, "is"]).tolist() == rows.of([key, "is"]).tolist() == [[LONGEST + 1, 0], [2, 0]]
    assert model.asked == [[key, "is"], [key]]


def test_words_that_come_back_are_kept_and_others_are_forgotten_in_time(model):
    rows = WordRows(2, model)
    for number in range(4):
        rows.of(["always", *(f"{number} {place}" for place in range(GENERATION))])
    assert sum("always" in asked for asked in model.asked) == 1
    assert rows.of(["0 0"]).tolist() == [[3, 0]]
    assert model.asked[-1] == ["0 0"]
    assert len(rows._known) + len(rows._older) < 4 * GENERATION


def test_more_words_than_are_remembered_have_their_rows_all_the_same(model):
    many = ["a" * (number % 40) + str(number) for number in range(3 * GENERATION)]
    assert WordRows(2, model).of(many)[:, 1].tolist() == [number % 40 for number in range(3 * GENERATION)]


def test_rows_are_summed_by_owner_and_an_owner_without_any_has_none():
    each = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
    assert summed(each, np.array([1, 1, 3]), 5).tolist() == [[0, 0], [4, 6], [0, 0], [5, 6], [0, 0]]
    assert summed(each[:0], np.array([], dtype=np.intp), 2).tolist() == [[0, 0], [0, 0]]
