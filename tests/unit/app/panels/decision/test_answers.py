"""Two answers beside each other: escaped, marked where they differ, and said in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import plain
from app.panels.decision.answers import pair, side_by_side
from app.text_diff import MOST_WORDS
from telemetry.query.decision import Answer, Turn

HOSTILE = "<img src=x onerror=alert(1)> </pre><script>x</script> **b** \u202e \x1b[31m"


def answer(index: int) -> Answer:
    return Answer(index, f"m{index}", "full", (Turn("assistant", "text"),), "00")


def test_only_the_words_that_differ_are_marked() -> None:
    left, right, _ = side_by_side("the river runs on and on", "the river walks on and on")
    assert left == "the river <mark>runs</mark> on and on"
    assert right == "the river <mark>walks</mark> on and on"


def test_a_hostile_answer_is_text_marked_or_not() -> None:
    left, right, _ = side_by_side(f"{HOSTILE} here", f"{HOSTILE} there")
    for side in (left, right):
        assert re.findall(r"<[^>]*>", side) == ["<mark>", "</mark>"]
        assert "\x1b" not in side and "\u202e" not in side


@given(st.text(), st.text())
def test_without_its_marks_a_side_is_the_escaped_text(left: str, right: str) -> None:
    for side, text in zip(side_by_side(left, right)[:2], (left, right), strict=True):
        assert re.sub(r"</?mark>", "", side) == plain.html(text)


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ("a b c", "a b c", "the same, letter by letter"),
        ("a b c", "a\nb  c", "have the same words"),
        ("a b c d", "a b c e", "3 words in common, in this order, of 4 on the left and 4 on the right"),
        ("a b c d e f", "g h i j k f", "1 word in common, in this order: too few to mark"),
        ("a b", "c d", "They have no word in common."),
        ("x " * (MOST_WORDS + 1), "x", "without marks: one has more than 4,000 words"),
    ],
)
def test_how_alike_they_are_is_said(left: str, right: str, sentence: str) -> None:
    assert sentence in side_by_side(left, right)[2]


def test_texts_with_hardly_a_word_in_common_are_left_unmarked() -> None:
    assert side_by_side("a b c d e f", "g h i j k f")[:2] == ("a b c d e f", "g h i j k f")


def test_the_answer_that_was_used_stands_on_the_right_and_the_address_may_name_others() -> None:
    three = [answer(0), answer(2), answer(5)]
    outcomes = {0: "rejected", 2: "accepted", 5: "compared"}
    assert pair(three, outcomes, None, None) == (0, 1)
    assert pair(three, outcomes, "6", None) == (2, 1)
    assert pair(three, outcomes, "6", "1") == (2, 0)
    assert pair(three, outcomes, "nonsense", "99") == (0, 1)
    assert pair([answer(0), answer(1)], {0: "accepted", 1: "failed"}, None, None) == (1, 0)
    assert pair([answer(0), answer(1)], {}, None, None) == (0, 1)
