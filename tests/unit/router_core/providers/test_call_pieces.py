"""Calls are put together from the pieces in which they come."""

from __future__ import annotations

from typing import Any

import pytest

from router_core.functions import FunctionCall
from router_core.providers.call_pieces import MOST_CALLS, CallPieces


def piece(index: int | None = None, call_id: str | None = None, name: str | None = None, arguments: Any = None) -> Any:
    said: dict[str, Any] = {"function": {"name": name, "arguments": arguments}, "id": call_id}
    return said if index is None else {**said, "index": index}


def test_pieces_of_several_calls_may_come_in_any_order():
    pieces = CallPieces()
    assert not pieces.begun
    sizes = [
        pieces.add([piece(1, "b", "time", "")]),
        pieces.add([piece(0, "a", "weather", '{"ci'), piece(1, None, None, "{}")]),
        pieces.add([piece(0, None, None, 'ty": 1}')]),
    ]
    assert pieces.begun
    assert pieces.calls() == (FunctionCall("a", "weather", '{"city": 1}'), FunctionCall("b", "time", "{}"))
    assert sizes == [4, 13, 7]


def test_a_name_that_is_repeated_with_every_piece_counts_once():
    pieces = CallPieces()
    for part in ("{", "}"):
        pieces.add([piece(0, "a", "time", part)])
    assert pieces.calls() == (FunctionCall("a", "time", "{}"),)


def test_calls_that_come_whole_need_no_index_and_those_without_an_id_get_one():
    pieces = CallPieces()
    pieces.add([piece(None, None, "time", "{}"), piece(None, "b", "weather", "{}")])
    assert [call.call_id for call in pieces.calls()] == ["call_0", "b"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("time", "not a list"),
        (["time"], "not a JSON object"),
        ([piece(-1, "a", "time")], "no usable index"),
        ([piece(MOST_CALLS, "a", "time")], "no usable index"),
        ([{"index": "first"}], "no usable index"),
    ],
    ids=["text", "texts", "below", "above", "word"],
)
def test_what_is_no_call_is_an_error(said: Any, words: str):
    with pytest.raises(ValueError, match=words):
        CallPieces().add(said)


def test_a_call_of_nothing_is_an_error():
    pieces = CallPieces()
    pieces.add([piece(0, "a", None, "{}")])
    with pytest.raises(ValueError, match="names no function"):
        pieces.calls()


def test_a_lone_surrogate_becomes_what_a_database_takes():
    pieces = CallPieces()
    pieces.add([piece(0, "a", "time", "{\ud800}")])
    assert pieces.calls()[0].arguments == "{?}"
