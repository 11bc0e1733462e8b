"""The intent classifier: what it says, and that docs/intents.md tells the truth about it."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from router_core.signals.evaluation import evaluate, wilson
from router_core.signals.examples import read_examples
from router_core.signals.features import DIMENSIONS, features_of, instruction
from router_core.signals.intent import INTENTS, classifier, classify_intent

PAGE = Path(__file__).parents[4] / "docs" / "intents.md"


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(classifier(), read_examples("intents_held_out.tsv"))


def test_the_page_says_what_the_held_out_sentences_say(evaluation):
    assert evaluation.markdown() in PAGE.read_text(encoding="utf-8")


def test_the_lower_end_of_the_interval_is_above_three_quarters(evaluation):
    assert wilson(evaluation.hits, len(evaluation.right))[0] > 0.75


def test_every_intent_is_found_more_often_than_not(evaluation):
    shares = np.diag(evaluation.confusion) / evaluation.confusion.sum(axis=1)
    assert dict(zip(INTENTS, shares > 0.5, strict=True)) == dict.fromkeys(INTENTS, True)


def test_confidence_is_calibrated_within_a_tenth(evaluation):
    assert evaluation.calibration_error() < 0.1


def test_no_held_out_sentence_is_in_the_training_file():
    trained = {text.lower() for _, text in read_examples("intents.tsv")}
    assert not trained & {text.lower() for _, text in read_examples("intents_held_out.tsv")}


def test_each_intent_has_enough_sentences_in_both_files():
    trained = Counter(label for label, _ in read_examples("intents.tsv"))
    held_out = Counter(label for label, _ in read_examples("intents_held_out.tsv"))
    assert set(trained) == set(held_out) == set(INTENTS)
    assert min(trained.values()) >= 60
    assert min(held_out.values()) >= 20


def test_the_page_says_how_many_sentences_it_learns_from():
    stated = re.search(r"holds the (\d+) sentences", PAGE.read_text(encoding="utf-8"))
    assert stated and int(stated[1]) == len(read_examples("intents.tsv"))


LETTER = (
    "Dear Sir, my neighbour plays the trumpet at night and I would like to know what the house rules say about it. "
    "I have written to him twice and he only laughed. My children cannot sleep before their exams. "
) * 20


@pytest.mark.parametrize(
    "prompt", [f"Translate the following letter into French:\n\n{LETTER}", f"{LETTER}\n\nTranslate this into French."]
)
def test_the_instruction_decides_and_not_the_pasted_document(prompt):
    assert classify_intent(prompt)[0] == "translate"


def test_only_opening_and_close_of_a_long_prompt_are_read():
    text = instruction("First words. " + "middle " * 5000 + "last words.")
    assert text.startswith("first words.") and text.endswith("last words.")
    assert len(text.split()) < 60


def test_features_are_few_positive_and_in_range():
    buckets, weights = features_of("summarise this, please.")
    assert np.all(np.diff(buckets) > 0)
    assert buckets.max() < DIMENSIONS
    assert np.all(weights > 0)


@pytest.mark.parametrize("prompt", ["", " ", "?", "\u200b", "😀"])
def test_a_prompt_without_words_has_a_low_confidence(prompt):
    intent, confidence = classify_intent(prompt)
    assert intent in INTENTS
    assert confidence < 0.6


def test_probabilities_sum_to_one():
    assert sum(classifier().probabilities("What is the capital of France?")) == pytest.approx(1, abs=1e-5)


def test_wilsons_interval_of_eight_in_ten():
    # Worked by hand: centre 0.7167, half-width 0.2266.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
