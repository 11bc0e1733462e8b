"""The language validator."""

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.language import Language, wanted_languages

ENGLISH = "The house stands on a hill above the river, and it has been empty for many years."
GERMAN = "Das Haus steht auf einem Hügel über dem Fluss, und es ist seit vielen Jahren leer."
FRENCH = "La maison se trouve sur une colline au-dessus de la rivière, et elle est vide depuis des années."


def score(prompt, text, language=None):
    request = RouteRequest.from_prompt(prompt)
    return Language("tongue", 0.5, language).score(CompleteAnswer(text, "stop", "small"), (), request)


def test_an_answer_in_the_prompts_language_scores_high_and_one_in_another_low():
    asked = "Can you tell me something about the old house on the hill?"
    assert score(asked, ENGLISH).value > 0.9
    found = score(asked, GERMAN)
    assert found.value < 0.1
    assert found.reason == "The answer is in de, not in en."


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (f"Translate into German: {ENGLISH}", {"de"}),
        (f"Translate the following German text to French.\n{GERMAN}", {"fr"}),
        ("Translate from English to Spanish: good morning", {"es"}),
        (f"Übersetze ins Englische: {GERMAN}", {"en"}),
        ("Traduis en allemand : le chat dort", {"de"}),
        ("Traduce al inglés: el gato duerme", {"en"}),
        ("How do you say 'good morning' in Japanese?", {"ja"}),
        ("Translate this for me: le chat dort", set()),
        ("Write a short poem about the sea in Italian.", {"it"}),
        ("Explain photosynthesis to a child. Answer in French please", {"fr"}),
        ("Antworte auf Englisch: Was ist ein Router?", {"en"}),
        ("Write an essay on recent changes in German law and what they mean", {"en"}),
        ("Was ist der Unterschied zwischen einem Router und einem Switch?", {"de"}),
        ("ok", set()),
        ("1 + 1 = ?", set()),
        ("Find Antilog_10 0.8762 - 2.\nA. 8.762\nB. 0.8762", set()),
    ],
)
def test_the_prompt_tells_which_language_is_wanted(prompt, wanted):
    assert wanted_languages(prompt) == wanted


def test_a_translation_is_held_to_its_target_and_not_to_the_prompts_language():
    asked = f"Translate into German: {ENGLISH}"
    assert score(asked, GERMAN).value > 0.9
    assert score(asked, ENGLISH).value < 0.1


def test_of_an_instruction_and_a_text_in_two_languages_either_will_do():
    asked = f"Please summarise the following minutes for the members who could not come:\n\n{' '.join([GERMAN] * 8)}"
    assert score(asked, ENGLISH).value > 0.9
    assert score(asked, GERMAN).value > 0.9
    assert score(asked, FRENCH).value < 0.1


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("What is the capital of France?", "Paris"),
        ("What is the capital of France?", "42 kg"),
        ("What is the capital of France?", ""),
        (
            "Write a function that adds two numbers",
            "```python\ndef add(first, second):\n    return first + second\n```",
        ),
        ("See the documentation of that project please", "https://example.com/un/texte/en/francais/avec/des/mots"),
        ("Translate this for me: le chat dort", GERMAN),
        ("Skriv noe om det gamle huset på haugen, er du snill", "Dette er et kort svar på det"),
    ],
)
def test_what_cannot_be_told_is_unknown_and_passes(prompt, text):
    found = score(prompt, text)
    assert (found.value, found.passes_unknown) == (None, True)


def test_a_language_of_the_policy_comes_before_that_of_the_prompt():
    assert score("Was ist mit dem Haus auf dem Hügel geschehen?", ENGLISH, "en").value > 0.9
    assert score("Was ist mit dem Haus auf dem Hügel geschehen?", GERMAN, "en").value < 0.1
    assert score("何か話してください。", "この家は丘の上にあります。", "ja").value > 0.9
