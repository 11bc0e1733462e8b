"""The refusal validator catches answers that are none."""

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.refusal import LONG_REFUSAL_SCORE, Refusal

REQUEST = RouteRequest.from_prompt("Summarise the following text about trains and boats")


def score(text):
    return Refusal("refusal", 0.5).score(CompleteAnswer(text, "stop", "small"), (), REQUEST)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I cannot assist with this request.",
        "I am unable to provide legal advice.",
        "As an AI language model, I do not have opinions.",
        "Sorry! I can't do that.",
        "Unfortunately, I cannot answer this question.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Leider kann ich Ihnen dabei nicht weiterhelfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar com isso.",
        "抱歉，我无法帮助您。",  # noqa: RUF001
        "申し訳ありませんが、お手伝いできません。",
        "К сожалению, я не могу помочь.",  # noqa: RUF001
    ],
)
def test_a_refusal_scores_nothing_in_any_language(text):
    assert score(text).value == 0.0
    assert "refus" in score(text).reason


@pytest.mark.parametrize("text", ["", "  \n", "...", "\u200b", "***"])
def test_an_answer_without_a_word_scores_nothing(text):
    assert score(text).value == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "The cat sat. " * 12,
        "the " * 60,
        "A longer sentence that goes round in circles.\n" * 8,
        "First something else. Then it began: " + "we will see what we will see and then " * 12,
        "abc" * 60,
    ],
)
def test_running_in_circles_scores_nothing(text):
    assert score(text).value == 0.0


def test_the_prompt_given_back_scores_nothing():
    assert score("  Summarise the following text about trains and BOATS").value == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "Paris is the capital of France.",
        "42",
        "I'm sorry to hear that! Losing a pet is hard. Would you like to talk about it?",
        "I can't help but admire the plot.",
        "The robot said: I will. " + "It went home and slept. Then the sun rose over the hills. " * 2,
        "1. apples\n2. pears\n3. plums\n4. figs",
        "| year | sales |\n|---|---|\n| 2021 | 10 |\n| 2022 | 12 |\n| 2023 | 11 |",
        "-" * 60 + "\nTitle\n" + "-" * 60,
        "ha ha ha",
        "no no no no, that is not how it works",
        "yes",
    ],
)
def test_an_answer_scores_one(text):
    assert score(text).value == 1.0


def test_a_long_answer_after_an_apology_is_in_doubt_and_not_refused():
    text = "I'm sorry, but I can't give you live prices. " + " ".join(f"Fact {n} is about trains." for n in range(60))
    assert score(text).value == LONG_REFUSAL_SCORE


def test_the_reason_repeats_nothing_of_the_answer():
    assert "zanzibar" not in score("I cannot help you with zanzibar.").reason
    assert "zanzibar" not in score("zanzibar calls. " * 20).reason
