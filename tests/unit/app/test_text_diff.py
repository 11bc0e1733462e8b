"""Word by word: nothing is lost, nothing is made up, and only what differs is marked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text_diff import MOST_WORDS, Comparison, Piece, compare

TEXTS = st.text(alphabet=st.sampled_from("ab \n\t<&\u202e"), max_size=60)


def marked(pieces: tuple[Piece, ...]) -> list[str]:
    return [piece.text for piece in pieces if piece.only]


def compared(left: str, right: str) -> Comparison:
    found = compare(left, right)
    assert found is not None
    return found


def test_words_that_only_one_text_has_are_marked_without_the_space_before_them() -> None:
    found = compared("The river runs to the sea.", "The small river walks to the sea.")
    assert marked(found.left) == ["runs"]
    assert marked(found.right) == ["small", "walks"]
    assert (found.same, found.words) == (5, (6, 7))


def test_neighbours_of_one_kind_are_one_piece() -> None:
    assert compared("a b", "a x y z b").right == (Piece("a ", False), Piece("x y z", True), Piece(" b", False))


def test_equal_texts_have_nothing_marked_however_often_a_word_comes() -> None:
    text = "again " * 3_000
    found = compared(text, text)
    assert marked(found.left) == marked(found.right) == []
    assert found.same == 3_000


def test_spaces_and_line_breaks_do_not_count() -> None:
    found = compared("one  two\n\nthree", " one two three\n")
    assert marked(found.left) == marked(found.right) == []
    assert "".join(piece.text for piece in found.left) == "one  two\n\nthree"


def test_an_empty_text_has_no_pieces() -> None:
    assert compared("", "").left == ()
    assert marked(compared("", "all of it").right) == ["all of it"]


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_side_are_its_text(left: str, right: str) -> None:
    found = compared(left, right)
    assert "".join(piece.text for piece in found.left) == left
    assert "".join(piece.text for piece in found.right) == right


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_the_same_on_both_sides(left: str, right: str) -> None:
    found = compared(left, right)
    kept = [" ".join(piece.text for piece in side if not piece.only).split() for side in (found.left, found.right)]
    assert kept[0] == kept[1] and len(kept[0]) == found.same
    assert found.words == (len(left.split()), len(right.split()))


def test_texts_that_are_too_long_are_not_compared() -> None:
    assert compare("word " * (MOST_WORDS + 1), "word") is None
    assert compare("word", "word " * (MOST_WORDS + 1)) is None


@pytest.mark.timeout(60)  # under a second; a comparison of each word with each takes minutes
def test_hostile_repetitions_take_no_longer_than_a_page_may() -> None:
    rng = random.Random(1)
    for different in (2, 20, 99):
        left, right = (" ".join(str(rng.randrange(different)) for _ in range(MOST_WORDS)) for _ in range(2))
        assert compare(left, right) is not None
