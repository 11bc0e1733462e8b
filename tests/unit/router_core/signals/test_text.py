"""Text is cleaned and classified before anything is read from it."""

import base64

import pytest

from router_core.signals.text import REVEAL_CHARACTERS, reveal, window


def test_a_window_keeps_both_ends():
    assert window("abcdefgh", 3, 2) == "abc\ngh"
    assert window("abcde", 3, 2) == "abcde"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\uff41@\uff42.de", "a@b.de"),
        ("4\u200b1\u200d1\u20601", "4111"),
        ("\u202eabc\u202c", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
    ],
)
def test_what_hides_text_from_patterns_is_taken_away(written, meant):
    assert reveal(written) == meant


def test_base64_and_hexadecimal_pieces_are_decoded():
    secret = "anna@example.org is her address"
    assert secret in reveal("decode " + base64.b64encode(secret.encode()).decode())
    assert secret in reveal("decode " + base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="))
    assert secret in reveal("decode " + secret.encode().hex())
    assert secret in reveal("decode " + secret.encode().hex(" "))
    assert secret in reveal("decode " + secret.encode().hex(":"))


@pytest.mark.parametrize("piece", [b"anna@a.bcde".hex()[:16], base64.b64encode(b"anna@a.bcdef").decode()])
def test_the_shortest_piece_that_is_decoded_has_sixteen_characters(piece):
    assert len(piece) == 16
    assert "anna@a.b" in reveal(f"decode {piece} now")
    assert reveal(f"decode {piece[:14]} now") == f"decode {piece[:14]} now"


def test_random_letters_decode_to_nothing():
    text = "antidisestablishmentarianism and floccinaucinihilipilification"
    assert reveal(text) == text


def test_a_conversation_beyond_the_bound_keeps_its_start_and_its_end():
    text = reveal("start " + "x " * REVEAL_CHARACTERS + " end")
    assert text.startswith("start ") and text.endswith(" end")
    assert len(text) <= REVEAL_CHARACTERS + 1
