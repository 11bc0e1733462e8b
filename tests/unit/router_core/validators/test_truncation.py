"""The truncation validator."""

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.truncation import UNFINISHED_PROSE_SCORE, Truncation

REQUEST = RouteRequest.from_prompt("Tell me.")


def score(text, finish="stop"):
    return Truncation("whole", 0.5).score(CompleteAnswer(text, finish, "small"), (), REQUEST)


def test_an_answer_that_reached_its_limit_of_tokens_is_cut_off_however_well_it_ends():
    assert score("All is well.", finish="length").value == 0.0


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Here is the code:\n```python\nprint(1)", "code"),
        ("```\na\n```\nand\n~~~~\nb\n~~~", "code"),
        ('{"name": "Anna", "tags": ["a"', "JSON"),
        ('{"name": "Anna is a', "JSON"),
        ('[{"a": 1}, {"a"', "JSON"),
        ("The reasons are the price, the weight,", "sentence"),
        ("The reasons are the price and the", "sentence"),
        ("Die Gründe sind der Preis und", "sentence"),
        ("The steps are as follows:", "colon"),
        ("", "empty"),
    ],
)
def test_an_answer_that_stops_in_the_middle_scores_nothing_and_is_told_where(text, where):
    found = score(text)
    assert found.value == 0.0
    assert where in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "It is 42.",
        "42",
        "Paris",
        'He said "no."',
        "It is **certain**.",
        "```python\nprint('[')\n```",
        "~~~~\n```\n~~~~",
        '{"name": "Anna [", "n": [1, 2]}',
        "[1] The first source says so.",
        "- one\n- two\n- a third and rather long item that has no mark at its end",
        "1. one\n2. a second and rather long item that has no mark at its end",
        "これで終わりです。",
        "Is that all?",
        "| a | b |",
        "A short title without end",
    ],
)
def test_an_answer_that_comes_to_its_end_scores_one(text):
    assert score(text).value == 1.0


def test_prose_without_a_last_mark_is_doubtful_but_passes():
    found = score("The capital of France is Paris, which lies on the river Seine")
    assert (found.value, found.value >= 0.5) == (UNFINISHED_PROSE_SCORE, True)


def test_of_a_very_long_answer_only_the_end_is_looked_at():
    assert score("```\n" + "x " * 100_000 + "and the").value == 0.0
    assert score("```\n" + "x " * 100_000 + "end.").value == 1.0
