"""Calls of functions in one text."""

from __future__ import annotations

from router_core.functions import Function, FunctionCall, in_words


def test_the_same_calls_read_the_same_whatever_their_ids_and_spaces():
    one = FunctionCall("a", "weather", '{"city": "Bern", "days": 2}')
    other = FunctionCall("b", "weather", '{"days":2,"city":"Bern"}')
    assert in_words((one,)) == in_words((other,)) == 'weather({"city":"Bern","days":2})'


def test_what_is_no_json_reads_as_it_was_written():
    assert in_words((FunctionCall("a", "weather", "{city"), FunctionCall("b", "time", ""))) == "weather({city)\ntime()"


def test_all_that_a_model_reads_of_a_function_is_in_its_text():
    function = Function("weather", "Tells it.", {"properties": {"mail": {"default": "anna@example.org"}}})
    for word in ("weather", "Tells it.", "anna@example.org"):
        assert word in function.text
