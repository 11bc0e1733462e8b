"""The domain classifier: what it says, and that docs/signals.md tells the truth about it."""

from collections import Counter
from pathlib import Path

import pytest

from router_core.signals.domain import DOMAINS, classify_domain, domain_classifier, words_of
from router_core.signals.examples import read_examples
from router_core.signals.train_domain import report

PAGE = Path(__file__).parents[4] / "docs" / "signals.md"


def test_the_page_says_what_the_held_out_sentences_say():
    assert report(read_examples("domains_held_out.tsv")) in PAGE.read_text(encoding="utf-8")


def test_what_it_names_is_right_in_seven_of_ten_held_out_sentences_at_least():
    said = [(label, classify_domain(text)[0]) for label, text in read_examples("domains_held_out.tsv")]
    named = [(label, domain) for label, domain in said if domain != "general"]
    assert len(named) >= 60
    assert sum(label == domain for label, domain in named) / len(named) >= 0.7


def test_no_held_out_sentence_is_in_the_training_file():
    trained = {text.lower() for _, text in read_examples("domains.tsv")}
    assert not trained & {text.lower() for _, text in read_examples("domains_held_out.tsv")}


def test_each_domain_has_enough_sentences_in_both_files():
    assert min(Counter(label for label, _ in read_examples("domains.tsv")).values()) >= 50
    assert Counter(label for label, _ in read_examples("domains_held_out.tsv")) == dict.fromkeys(DOMAINS, 20)


@pytest.mark.parametrize(
    ("prompt", "domain"),
    [
        ("Draft a contract clause that limits the liability of the supplier.", "legal"),
        ("The patient has a fever and takes antibiotics. Which side effects can the drug have?", "medical"),
        ("What is the interest rate of this bond, and how is the dividend taxed?", "finance"),
        ("Refactor this Python function and write a unit test for it.", "code"),
        ("How do electrons move around the nucleus of an atom?", "science"),
        ("Good morning! Write a birthday poem for my sister.", "general"),
    ],
)
def test_a_plain_prompt_of_each_domain_is_known(prompt, domain):
    assert classify_domain(prompt)[0] == domain


@pytest.mark.parametrize("prompt", ["", " ", "?", "12 34", "😀"])
def test_a_prompt_without_words_is_of_no_domain(prompt):
    assert classify_domain(prompt)[0] == "general"


def test_probabilities_sum_to_one():
    assert sum(domain_classifier().probabilities("What is a bond?")) == pytest.approx(1, abs=1e-5)


def test_a_word_counts_once_however_often_it_stands():
    assert sorted(words_of("tax tax TAX")) == sorted(words_of("Tax"))
