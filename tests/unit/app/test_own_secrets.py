"""A process knows its own keys by their letters."""

from __future__ import annotations

import pytest

from app.own_secrets import PLACE, key_redactor


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "my_token", "DB_PASSWORD", "CLIENT_SECRET", "SIGNING_KEYS"])
def test_the_value_of_a_variable_that_is_named_as_a_key_goes(name: str) -> None:
    redact = key_redactor({name: " odd~one~42 "})
    assert redact("the upstream echoed odd~one~42.") == f"the upstream echoed {PLACE}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOME", "odd~one~42"),
        ("KEYBOARD_LAYOUT", "odd~one~42"),
        ("SHORT_KEY", "k"),
        ("POSTGRES_PASSWORD", "postgres"),
        ("EMPTY_KEY", ""),
    ],
)
def test_what_is_no_key_or_may_be_a_word_stays(name: str, value: str) -> None:
    text = f"connecting to postgres with k from {value}"
    assert key_redactor({name: value})(text) == text


def test_a_key_that_begins_like_another_is_taken_out_whole() -> None:
    redact = key_redactor({"A_KEY": "abcdef-12", "B_KEY": "abcdef-12345"})
    assert redact("it was abcdef-12345") == f"it was {PLACE}"


def test_keys_that_are_not_ours_go_by_their_shape() -> None:
    secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    assert secret not in key_redactor({})(f"remote: {secret} is not valid")
