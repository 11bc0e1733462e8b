"""Words and tokens."""

import pytest

from router_core.signals.kinds import kinds
from router_core.signals.length import TOKENS_PER_MESSAGE, count_words, estimate_tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("   \n\t", 0),
        ("one", 1),
        (" two  words ", 2),
        ("don't stop", 2),
        ("漢字", 2),
        ("東京 is big", 4),
        ("...", 1),
    ],
)
def test_words_are_runs_between_spaces_and_single_ideographs(text, words):
    assert count_words(kinds(text)) == words


# Counted with cl100k_base.
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("What is the capital of France?", 7),
        ("Summarise the quarterly results in two sentences, please, and name the largest customers.", 17),
        ("for row in rows:\n    total += row['amount'] * row['price']\n", 17),
    ],
)
def test_the_estimate_is_near_what_a_tokenizer_counts(text, tokens):
    assert estimate_tokens([text]) - TOKENS_PER_MESSAGE == pytest.approx(tokens, rel=0.25)


def test_chinese_costs_about_a_token_a_character_and_not_a_quarter():
    text = "你好请帮我写一首关于秋天的诗要求押韵"
    assert estimate_tokens([text]) > len(text)


def test_every_message_costs_its_frame():
    assert estimate_tokens(["hello", "hello"]) == 2 * estimate_tokens(["hello"])
    assert estimate_tokens([]) == 1
