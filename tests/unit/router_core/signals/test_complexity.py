"""Complexity is a formula, so its values can be worked out by hand."""

import pytest

from router_core.signals.complexity import complexity_of


def test_an_empty_prompt_has_none():
    assert complexity_of("", 0, 0, code=False) == 0


def test_the_formula_worked_by_hand():
    # 150 words, no marks but 8 commas, 8 numbers, two reasoning words, code: every part at its half but questions.
    prompt = "why, compare, a, b, c, d, e, f"
    parts = 0.25 / 2 + 0.20 * 7 / 15 + 0.15 + 0.15 / 2 + 0.15 / 2
    assert complexity_of(prompt, 150, 8, code=True) == pytest.approx(parts, abs=1e-4)


def test_one_question_is_no_more_complex_than_none_and_three_are():
    one, none = complexity_of("what?", 1, 0, code=False), complexity_of("what.", 1, 0, code=False)
    assert one == none
    assert complexity_of("a? b? c?", 3, 0, code=False) == pytest.approx(
        0.25 * 3 / 153 + 0.20 * 3 / 11 + 0.10 * 2 / 4, abs=1e-4
    )


@pytest.mark.parametrize(
    ("plain", "involved"),
    [
        ("Say hello.", "Compare the two plans, and explain why the second one is better, given 3 constraints."),
        ("What is a cat?", "What is a cat? Why does it purr? And how do 12 cats share 5 bowls?"),
    ],
)
def test_more_is_asked_of_the_second(plain, involved):
    values = [complexity_of(text, len(text.split()), 0, code=False) for text in (plain, involved)]
    assert values[0] < values[1] < 1


def test_it_stays_below_one_whatever_the_prompt():
    assert complexity_of("why? " * 5000, 10**6, 10**6, code=True) < 1
