"""However bytes are cut, a stream says the same; whatever bytes come, only our errors are raised."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from router_core.errors import ProviderError
from router_core.providers.chat_stream import ChatStream, EventLines

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=1, max_size=8)


def wire(chunks: list[str], newline: str) -> bytes:
    """The stream of an answer, as bytes."""
    events = [{"choices": [{"delta": {"content": chunk}, "finish_reason": None}]} for chunk in chunks]
    events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    lines = [json.dumps(event, ensure_ascii=False) for event in events] + ["[DONE]"]
    return "".join(f": comment{newline}data: {line}{newline}{newline}" for line in lines).encode()


def read(pieces: list[bytes]) -> tuple[str, ChatStream]:
    chat, lines, text = ChatStream("m", 1000), EventLines(), ""
    for piece in pieces:
        for data in lines.feed(piece):
            text += chat.event(data)
    for data in lines.rest():
        text += chat.event(data)
    return text, chat


@given(TEXTS, st.lists(st.integers(min_value=0, max_value=2000), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_where_the_bytes_are_cut_does_not_matter(chunks: list[str], cuts: list[int], newline: str) -> None:
    whole = wire(chunks, newline)
    edges = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    text, chat = read([whole[start:end] for start, end in pairwise(edges)])
    assert text == "".join(chunks)
    assert chat.done
    assert chat.completion().finish_reason == "stop"


KEYS = st.sampled_from(["choices", "delta", "content", "finish_reason", "usage", "error", "message", "prompt_tokens"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), max_size=6))
def test_garbage_raises_only_provider_errors(lines: list[bytes]) -> None:
    with contextlib.suppress(ProviderError):
        _, chat = read([b"data: " + line + b"\n\n" for line in lines])
        chat.completion()
