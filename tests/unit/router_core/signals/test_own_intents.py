"""A policy's own intents: found by a handful of examples, rejected when a prompt is something else."""

from pathlib import Path

import pytest

from router_core.policy.schema import IntentEntry
from router_core.signals.evaluation import wilson
from router_core.signals.examples import read_examples
from router_core.signals.intent import classify_intent
from router_core.signals.own_evaluation import KEYWORDS, evaluate_own, example_intents, report
from router_core.signals.own_intents import OwnIntents

PAGE = Path(__file__).parents[4] / "docs" / "intents.md"


@pytest.fixture(scope="module")
def own():
    return example_intents({})


def test_the_page_says_what_the_held_out_sentences_say():
    assert report() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("keywords", "found"), [({}, 0.5), (KEYWORDS, 0.6)])
def test_more_than_half_of_the_sentences_are_found_and_few_others_are_taken(keywords, found):
    held_out, others = read_examples("own_intents_held_out.tsv"), read_examples("intents_held_out.tsv")
    result = evaluate_own(example_intents(keywords), held_out, others)
    assert wilson(*result.found)[0] > found
    assert wilson(*result.taken)[1] < 0.06


def test_no_held_out_sentence_is_an_example():
    examples = {text.lower() for _, text in read_examples("own_intents.tsv")}
    assert not examples & {text.lower() for _, text in read_examples("own_intents_held_out.tsv")}


@pytest.mark.parametrize(("label", "text"), read_examples("own_intents.tsv"))
def test_every_example_is_of_its_intent(own, label, text):
    said, confidence = classify_intent(text.upper(), own)
    assert said == label
    assert confidence > 0.7


@pytest.mark.parametrize(
    ("prompt", "intent"),
    [
        ("Write a poem about a parcel that never arrives", "creative"),
        ("Translate into German: Where is my parcel?", "translate"),
        ("Write code that sends a parcel tracking mail", "code"),
        ("Hello, how are you today?", "chat"),
    ],
)
def test_other_work_keeps_its_built_in_intent_whatever_its_words(own, prompt, intent):
    assert classify_intent(prompt, own)[0] == intent


@pytest.mark.parametrize("prompt", ["?", "🦆", "the of and", "\u202e", "\ud800"])
def test_a_prompt_without_content_words_is_none_of_them(own, prompt):
    assert classify_intent(prompt, own) == classify_intent(prompt)


def test_a_keyword_finds_what_no_example_resembles():
    examples = [text for label, text in read_examples("own_intents.tsv") if label == "billing"]
    prompt = "Whom do I ask about VAT?"
    without = OwnIntents({"billing": IntentEntry(examples=examples)})
    assert classify_intent(prompt, without)[0] != "billing"
    assert (
        classify_intent(prompt, OwnIntents({"billing": IntentEntry(examples=examples, keywords=["vat"])}))[0]
        == "billing"
    )


def test_a_higher_bar_leaves_doubtful_prompts_their_built_in_intent(own):
    prompt = "The invoice from October shows the wrong amount"
    _, confidence = classify_intent(prompt, own)
    examples = [text for label, text in read_examples("own_intents.tsv") if label == "billing"]
    strict = OwnIntents({"billing": IntentEntry(examples=examples, min_confidence=0.99)})
    assert 0.5 <= confidence < 0.99
    assert classify_intent(prompt, strict) == classify_intent(prompt)


def test_the_order_of_intents_and_examples_changes_nothing(own):
    examples: dict[str, list[str]] = {}
    for label, text in reversed(read_examples("own_intents.tsv")):
        examples.setdefault(label, []).append(text)
    other = OwnIntents({name: IntentEntry(examples=tuple(texts)) for name, texts in examples.items()})
    for _, text in read_examples("own_intents_held_out.tsv"):
        (said, confidence), (again, confidence_again) = classify_intent(text, own), classify_intent(text, other)
        assert said == again
        assert confidence == pytest.approx(confidence_again, abs=1e-5)
