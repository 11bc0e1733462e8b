"""What is kept of a text under `content = "redacted"`."""

from __future__ import annotations

import pytest

from router_core.redaction import redact_text

FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "jane@example.org")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("write to jane.doe@example.org today", "jane.doe"),
        ("call +49 30 901820 now", "901820"),
        ("my IBAN is DE89 3704 0044 0532 0130 00", "3704"),
        ("card 4111 1111 1111 1111 please", "1111"),
        ("server 192.168.17.33 is down", "192.168"),
        ("key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD", "abcdefghijkl"),
        (f"{FULL_WIDTH} in full width", FULL_WIDTH[:4]),
        ("j\u200bane@exam\u200bple.org with zero widths", "ane@"),
    ],
    ids=["email", "phone", "iban", "card", "address", "key", "full width", "zero width"],
)
def test_personal_data_and_secrets_do_not_stay(text: str, hidden: str) -> None:
    assert hidden not in redact_text(text)


def test_harmless_text_stays_as_it_is() -> None:
    text = "Summarise the meeting of 3 May in 20 words."
    assert redact_text(text) == text


def test_what_cannot_be_masked_alone_takes_the_whole_text_with_it() -> None:
    assert redact_text("password: hunter2hunter2 and the rest").startswith("[redacted: ")
