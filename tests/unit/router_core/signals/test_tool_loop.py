"""How a tool loop goes is read off its results and calls, as far as they came after the last user message."""

from __future__ import annotations

import json

import pytest

from router_core.functions import FunctionCall
from router_core.request import Message
from router_core.signals.tool_loop import NO_LOOP, ToolLoop, read_tool_loop, says_error

ASKED = Message("user", "What is the weather in Oslo?")
FINE = json.dumps({"celsius": 4})


def call(arguments: str = '{"city": "Oslo"}', name: str = "weather") -> Message:
    return Message("assistant", "", (FunctionCall("id", name, arguments),))


def result(content: str = FINE) -> Message:
    return Message("tool", content, answers="id")


def test_without_a_result_at_the_end_there_is_no_loop() -> None:
    assert read_tool_loop([]) is NO_LOOP
    assert read_tool_loop([ASKED]) is NO_LOOP
    assert read_tool_loop([ASKED, call(), result("Error"), Message("assistant", "It failed."), ASKED]) is NO_LOOP


def test_a_loop_that_goes_well_is_in_no_trouble() -> None:
    loop = read_tool_loop([ASKED, call(), result()])
    assert (loop.rounds, loop.errors, loop.repeats, loop.trouble) == (1, 0, 0, 0.0)


def test_only_the_loop_that_the_conversation_is_in_counts() -> None:
    before = [ASKED, call(), result("Error: no such city"), Message("assistant", "Sorry.")]
    assert read_tool_loop([*before, ASKED, call(), result()]).trouble == 0.0


def test_the_same_call_with_its_arguments_in_another_order_is_a_repeat() -> None:
    loop = read_tool_loop([ASKED, call('{"a": 1, "b": 2}'), result(), call('{"b":2,"a":1}'), result()])
    assert (loop.rounds, loop.repeats, loop.trouble) == (2, 1, 0.5)
    assert read_tool_loop([ASKED, call('{"a": 1}'), result(), call('{"a": 2}'), result()]).repeats == 0
    assert read_tool_loop([ASKED, call(name="one"), result(), call(name="two"), result()]).repeats == 0


def test_a_loop_that_has_recovered_forgets_its_errors() -> None:
    bad = [part for at in range(3) for part in (call(f'{{"try": {at}}}'), result("Error"))]
    good = [part for at in range(3, 7) for part in (call(f'{{"try": {at}}}'), result())]
    assert read_tool_loop([ASKED, *bad]).errors == 3
    assert read_tool_loop([ASKED, *bad, *good]).errors == 0


def test_the_score_is_the_formula_of_the_documentation() -> None:
    assert ToolLoop(1, 1, 0).trouble == 0.25
    assert ToolLoop(4, 4, 0).trouble == 1.0
    assert ToolLoop(2, 1, 1).trouble == round(1 - 0.75 * 0.5, 4)
    assert ToolLoop(5, 0, 0).trouble == 0.0
    assert ToolLoop(15, 0, 0).trouble == 0.25


@pytest.mark.parametrize(
    "said",
    [
        "Error: no such file",
        "  error",
        "**Error**: quota",
        "an unexpected error occurred",
        "Internal Server Error",
        "ValueError: invalid literal",
        "requests.exceptions.ConnectionError: refused",
        "Traceback (most recent call last):\n  File",
        "Timed out after 30 s",
        "Not found",
        "HTTP 503 from upstream",
        "status code: 404",
        '{"error": {"message": "no such city"}}',
        '{"isError": true, "content": []}',
        '{"ok": false}',
        '{"success": false, "data": null}',
        '{"status": "failed"}',
        '{"status_code": 500, "body": ""}',
    ],
)
def test_a_result_that_says_an_error_is_known(said: str) -> None:
    assert says_error(said)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "4 degrees",
        "0 errors, 12 tests passed",
        "No errors found.",
        "The report on error handling is attached.",
        '{"error": null, "value": 4}',
        '{"errors": [], "value": 4}',
        '{"ok": true}',
        '{"status": "ok"}',
        '{"status": 200, "text": "Error pages are served from a cache"}',
        '{"value": "Error',
        "Forty results for 'failed'",
    ],
)
def test_a_result_that_only_speaks_of_one_is_none(said: str) -> None:
    assert not says_error(said)


def test_a_long_result_is_read_by_its_opening() -> None:
    assert says_error("Error: " + "x" * 1_000_000)
    assert not says_error('{"rows": "' + "x" * 1_000_000 + '", "error": "late"}')
