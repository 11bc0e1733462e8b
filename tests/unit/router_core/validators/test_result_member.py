"""The result of an object that holds its working too."""

import warnings

import pytest

from router_core.validators.result_member import NoResult, literal, result_after_words, result_in


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"reasoning": "because", "answer": "12"}, "12"),
        ({"Reasoning": "because", "Answer": [1]}, [1]),
        ({"answer": {"a": 1}}, {"a": 1}),
        ({"explanation": "e", "city": "Paris"}, "Paris"),
        ({"confidence": 0.9, "city": "Paris", "land": "France"}, {"city": "Paris", "land": "France"}),
    ],
)
def test_what_is_not_working_is_the_result(value, result):
    assert result_in(value) == result


@pytest.mark.parametrize("value", [{"city": "Paris"}, {"a": 1, "b": 2}, {"reasoning": "x"}, {}, [1], "x", None])
def test_an_object_that_is_the_answer_as_a_whole_has_no_result_apart(value):
    with pytest.raises(NoResult):
        result_in(value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('Sure!\n{"reasoning": "r",\n "answer": "B"}\nI hope this helps.', "B"),
        ('{"reasoning": "she said "no"", "answer": "B"}', "B"),
        ('{"answer": "first"} and then {"answer": "second"}', "second"),
        ('{"reasoning": "r", "answer": {\'a\': (1, 2)}}', "{'a': (1, 2)}"),
        ('{"reasoning": "r", "answer": "it is "quoted" here"}', 'it is "quoted" here'),
        ('```json\n{"reasoning": "two\nlines", "answer": "two\nlines"}\n```', "two\nlines"),
    ],
)
def test_the_result_is_found_among_words_and_in_broken_json(text, result):
    assert result_after_words(text) == result


@pytest.mark.parametrize("text", ["", "The answer is 12.", '"answer": 12', '{"city": "Paris"}'])
def test_words_without_such_an_object_have_no_result(text):
    with pytest.raises(NoResult):
        result_after_words(text)


def test_tuples_and_sets_are_no_lists():
    assert literal("[1, 2]") == [1, 2]
    assert literal("(1, 2)") == {"(tuple)": [1, 2]}
    assert literal("{2, 1}") == literal("{1, 2}") == {"(set)": [1, 2]}
    assert literal("{'a': [(1,)]}") == {"a": [{"(tuple)": [1]}]}


@pytest.mark.parametrize(
    "text",
    ["", "x", "[", "[1", "(1 + 2 * x)", "[f(1)]", "[" * 500 + "]" * 500, "[" + "1," * 3000 + "]", "('\\d')", "[1if x]"],
)
def test_other_text_is_no_literal_and_nothing_is_warned_of(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NoResult):
            literal(text)
