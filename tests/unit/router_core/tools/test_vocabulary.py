"""Words like a word: other inflections, and what it is composed of."""

import pytest

from router_core.tools.vocabulary import Vocabulary

KNOWN = Vocabulary(["rechnung", "versand", "versandkosten", "gutschein", "gold", "rat", "zuruckgegeben", "facturas"])


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("rechnungen", {"rechnung"}),
        ("rechnungsadresse", {"rechnung"}),
        ("versandgebuhren", {"versand", "versandkosten"}),
        ("geschenkgutscheine", {"gutschein"}),
        ("zuruckgeben", {"zuruckgegeben"}),
        ("facture", {"facturas"}),
        ("vertrat", set()),
        ("berg", set()),
        ("rat", set()),
        ("", set()),
    ],
)
def test_words_near_a_word(word, near):
    assert set(KNOWN.near(word)) == near


def test_a_word_is_most_like_itself():
    assert KNOWN.near("rechnung")["rechnung"] == 1.0
    assert 0.5 <= KNOWN.near("rechnungen")["rechnung"] < 1.0


def test_an_empty_vocabulary_knows_nothing():
    assert Vocabulary([]).near("rechnung") == {}
