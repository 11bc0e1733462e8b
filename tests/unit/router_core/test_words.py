"""Words of a prompt, and which of them say what it is about."""

import pytest

from router_core.words import content_words, fold, words


def test_stop_words_tell_nothing():
    assert content_words("What is the price of Tom's gold?") == ("price", "tom", "gold")


def test_each_content_word_is_given_once():
    assert content_words("boats, Boats and more boats") == ("boats",)


def test_words_of_every_script_are_words():
    assert words("Где мой заказ 17?") == ["где", "мой", "заказ", "17"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Öffnungszeiten", "offnungszeiten"), ("STRASSE", "straße"), ("é", "e\u0301"), ("\ufb01", "fi")],
)
def test_case_accents_and_forms_do_not_count(text, folded):
    assert fold(text) == fold(folded)
