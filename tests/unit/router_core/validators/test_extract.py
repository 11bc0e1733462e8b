"""What an answer says, whatever the way it says it."""

from fractions import Fraction

import pytest

from router_core.validators.extract import NotJson, agree, canonical_json, extract, parse_json


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", Fraction(2469, 2)),
        ("1.234,50 Euro", Fraction(2469, 2)),
        ("The answer is 42.", 42),
        ("6 * 7 = 42, so the total is $42.", 42),
        ("First 3, then 4. #### 12", 12),
        ("\\boxed{-7}", -7),
        ("Answer: **1e3**", 1000),
        ("It rose from 80 to 92, that is 15%.", 15),
        ("0.5", Fraction(1, 2)),
        ("\u22123 degrees", -3),
        ('{"steps": "6 * 7 is 42, minus 2", "answer": "$40"}', 40),
        ('{"answer": "12.5 %", "confidence": 0.9}', Fraction(25, 2)),
    ],
)
def test_the_result_among_numbers_is_found(text, number):
    found = extract(text, "number")
    assert found is not None and found.value == number


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("(C)", "C"),
        ("The answer is D.", "D"),
        ("B) because it rains", "B"),
        ("**A**", "A"),
        ("I would choose option c", "C"),
        ("A is too short. Therefore the correct answer is (B).", "B"),
        ("Yes, it does.", "yes"),
        ("Nein", "no"),
        ("True", "yes"),
        ('{"reasoning": "A and C are out", "answer": "B"}', "B"),
        ('Sure: {"explanation": "it rains", "answer": "(C) rain"}', "C"),
        ('{"answer": false}', "no"),
    ],
)
def test_the_choice_is_found(text, letter):
    found = extract(text, "choice")
    assert found is not None and found.value == letter


@pytest.mark.parametrize("text", ["A train leaves the station at noon and I ride along.", "Paris", "", "12"])
def test_prose_is_no_choice(text):
    assert extract(text, "choice") is None


def test_letters_of_formulas_are_no_choice_in_long_prose():
    prose = "The force follows from F = ma, so we divide F. " + "Then the mass is found by the same law again. " * 5
    assert extract(prose, "choice") is None
    marked = extract(prose + "\n\nB. The mass is 3 kg.", "choice")
    assert marked is not None and marked.value == "B"


def test_equal_json_has_one_text():
    assert canonical_json({"b": [1.0, "x "], "a": None}) == canonical_json({"a": None, "b": [1, "x"]})


@pytest.mark.parametrize("text", ["", "x", "{", "NaN", '{"a":1,"a":1}', "```json\n```", "1 2", "[" * 100_000])
def test_what_is_not_json_is_told_in_words(text):
    with pytest.raises(NotJson) as raised:
        parse_json(text)
    assert str(raised.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,234.50", "1234.5"),
        ("12 apples", "She gave 3 of 15 away. So she has 12 apples left. The answer is 12."),
        ("B", "The answer is (B)."),
        ("Paris", "paris."),
        ("Paris", "The capital of France is Paris."),
        ('{"a": 1.0}', '```json\n{ "a": 1 }\n```'),
        ("positive", "Positive"),
        ("The sky is blue because of scattering of light.", "The sky is blue because of the scattering of light"),
        ("0.333333", "0.33333333"),
        ("yes", "Yes, it is."),
        ('{"reasoning": "6 and 6", "answer": "12"}', '```json\n{"reasoning": "a dozen", "answer": 12}\n```'),
        ('{"thoughts": "long ones", "answer": "Paris"}', '{"answer": "Paris"}'),
        ('{"answer": 12}', "So she has 12 apples left. The answer is 12."),
        ('{"answer": true}', "Yes, it is."),
        ('{"answer": "[(1, 2), (3, 4)]"}', '{"answer": "[(1,2),(3,4)]"}'),
        ("{\"answer\": \"{'a': 1, 'b': None}\"}", "{'b': None, 'a': 1}"),
        ('{"answer": "\'kept\'"}', 'Here you are: {"reasoning": "x", "answer": "kept"}'),
        ('{"explanation": "a", "x": 1, "y": [2]}', '{"y": [2], "x": 1.0, "confidence": 0.9}'),
        ("(1, 2)", "(1,2)"),
    ],
)
def test_the_same_said_in_two_ways_agrees(one, other):
    assert agree(one, other)
    assert agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("41", "42"),
        ("A", "B"),
        ("yes", "no"),
        ("Paris", "Lyon"),
        ("Paris", "Paris or Lyon"),
        ("Paris is the capital of France", "Paris is not the capital of France"),
        ("The bridge was built in 1921 by the city", "The bridge was built in 1931 by the city"),
        ('{"a": 1}', '{"a": 2}'),
        ("", ""),
        ("", "something"),
        ("positive", "negative"),
        ('{"reasoning": "the same", "answer": "12"}', '{"reasoning": "the same", "answer": "13"}'),
        ('{"answer": "mJklbn"}', '{"answer": "mjKlbn"}'),
        ('{"answer": "\'|a\'"}', '{"answer": "||a"}'),
        ('{"answer": "001"}', '{"answer": "1"}'),
        ('{"answer": "(1, 2)"}', '{"answer": "[1, 2]"}'),
        ('{"answer": "a"}', '{"answer": "A"}'),
        ('{"result": 3, "unit": "kg"}', '{"result": 3, "unit": "g"}'),
        ('{"reasoning": "the same"}', '{"reasoning": "another"}'),
    ],
)
def test_different_answers_do_not_agree(one, other):
    assert not agree(one, other)
    assert not agree(other, one)
