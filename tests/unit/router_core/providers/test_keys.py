"""Keys are found by their usual variables and never survive in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.providers.keys import Key, find_key, redact


def test_the_first_variable_that_is_set_wins() -> None:
    assert find_key(("A", "B"), {"A": "", "B": "second"}) == Key("second")


def test_a_missing_key_is_a_sentence_that_names_the_variable() -> None:
    assert find_key(("OPENAI_API_KEY",), {}).missing == "environment variable OPENAI_API_KEY is not set"
    assert "GEMINI_API_KEY or GOOGLE_API_KEY" in find_key(("GEMINI_API_KEY", "GOOGLE_API_KEY"), {}).missing


def test_a_blank_variable_is_no_key() -> None:
    assert find_key(("A",), {"A": "  \n"}).value is None


def test_no_variables_means_that_no_key_is_needed() -> None:
    assert find_key((), {}) == Key(None, "")


def test_a_key_does_not_show_in_its_own_repr() -> None:
    assert "hunter2" not in repr(Key("hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcdefghijklmnop.",
        "Incorrect API key provided: sk-abc*****wxyz.",
        "invalid x-api-key sk-ant-api03-AAAAbbbbCCCC",
        "API key not valid AIzaSyA1234567890abcdef",
        "Authorization: Bearer abcdef0123456789",
        "GET /v1beta/models?key=abcdef123456 failed",
    ],
)
def test_what_looks_like_a_key_is_taken_out_even_when_it_is_not_ours(text: str) -> None:
    shown = redact(text)
    assert "[key]" in shown
    assert not any(part in shown for part in ("abcdef", "wxyz", "AAAA", "AIza"))


@given(st.text(min_size=1), st.text(min_size=4).filter(lambda key: "[" not in key and "…" not in key and key.strip()))
def test_the_secret_is_never_in_the_line(text: str, key: str) -> None:
    assert key not in redact(f"{text}{key}{text}", [key]).replace("[key]", "")


def test_a_message_is_one_line_of_bounded_length_without_control_characters() -> None:
    line = redact("a\x1b[31m\n\tb" + "x" * 1000, limit=50)
    assert len(line) == 50
    assert line.isprintable()
