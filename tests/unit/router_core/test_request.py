"""What a caller may hand in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from router_core.errors import EmptyPrompt, InvalidContext, InvalidText, PromptTooLarge, UnsupportedFeature
from router_core.request import MAX_PROMPT_CHARACTERS, MAX_SCHEMA_DEPTH, Context, Message, RouteRequest


def test_a_context_is_read_from_strings_and_from_json_alike() -> None:
    written = Context.from_mapping({"risk": "high", "cost_cap_usd": "0.5", "deadline_ms": "900", "tags": "a, b,"})
    typed = Context.from_mapping({"risk": "high", "cost_cap_usd": 0.5, "deadline_ms": 900, "tags": ["a", "b"]})
    assert written == typed == Context(risk="high", cost_cap_usd=0.5, deadline_ms=900, tags=("a", "b"))


def test_the_tenant_comes_from_the_key_and_never_from_the_caller() -> None:
    assert Context.from_mapping({}, tenant="acme").tenant == "acme"
    with pytest.raises(InvalidContext, match="no field 'tenant'; use one of cost_cap_usd"):
        Context.from_mapping({"tenant": "other"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk", "extreme"),
        ("risk", ["low"]),
        ("data_class", None),
        *(("deadline_ms", value) for value in (0, -1, "soon", True, None, [], float("nan"), 1e400)),
        *(("cost_cap_usd", value) for value in (0, -0.1, "nan", "inf", False, {})),
        ("tags", 5),
        ("tags", [1]),
        ("tags", ["x" * 65]),
        ("tags", ["x"] * 17),
        ("tags", ["nul\0"]),
        ("tags", ["lone \ud800"]),
        ("tags", ["\x1b[31m"]),
    ],
)
def test_an_impossible_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidContext, match=f"context {name}"):
        Context.from_mapping({name: value})


def test_the_prompt_is_the_last_user_message() -> None:
    turns = (Message("user", "first"), Message("assistant", "reply"), Message("user", "second"), Message("tool", "t"))
    assert RouteRequest(messages=turns).prompt == "second"
    assert RouteRequest(messages=(Message("system", "alone"),)).prompt == "alone"
    assert RouteRequest(messages=()).prompt == ""


def test_a_request_without_a_user_message_is_empty() -> None:
    for messages in ((), (Message("system", "be brief"),), (Message("user", "  "),)):
        with pytest.raises(EmptyPrompt):
            RouteRequest(messages=messages).check()


def test_the_size_of_all_messages_counts() -> None:
    half = "x" * (MAX_PROMPT_CHARACTERS // 2)
    RouteRequest(messages=(Message("user", half), Message("assistant", half))).check()
    with pytest.raises(PromptTooLarge, match="1,000,001 characters; at most 1,000,000"):
        RouteRequest(messages=(Message("user", half), Message("assistant", half + "x"))).check()


def test_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidText, match="message 2 has a lone surrogate at character 4"):
        RouteRequest(messages=(Message("user", "hi"), Message("assistant", "abc\udfff"))).check()


def test_a_nul_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidText, match="message 1 has a NUL at character 3"):
        RouteRequest.from_prompt("ab\0").check()


@pytest.mark.parametrize("wrap", [lambda inner: {"items": inner}, lambda inner: {"anyOf": [inner]}])
def test_a_schema_that_is_nested_too_deeply_is_refused_before_anything_is_read(wrap: Callable[[Any], Any]) -> None:
    schema: Any = {"type": "string"}
    for _ in range(MAX_SCHEMA_DEPTH // 2 - 1):
        schema = wrap(schema)
    RouteRequest.from_prompt("hi", response_schema=schema).check()
    for _ in range(5_000):
        schema = wrap(schema)
    with pytest.raises(UnsupportedFeature, match="nested more than 100 levels deep"):
        RouteRequest.from_prompt("hi", response_schema=schema).check()
