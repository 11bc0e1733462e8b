# ruff: noqa: RUF001
"""Which language a prompt is in."""

import pytest

from router_core.signals.language import LANGUAGES, detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France?", "en"),
        ("Write a python function", "en"),
        ("Wie spät ist es in Berlin?", "de"),
        ("Quelle est la capitale de l'Italie ?", "fr"),
        ("¿Cuál es la capital de Perú?", "es"),
        ("Scrivi una poesia sul mare", "it"),
        ("Schrijf een kort gedicht over de zee", "nl"),
        ("Napisz krótki wiersz o morzu", "pl"),
        ("東京の天気は?", "ja"),
        ("你好，请写一首诗", "zh"),
        ("한국의 수도는 어디입니까", "ko"),
        ("ما هي عاصمة فرنسا", "ar"),
        ("भारत की राजधानी क्या है", "hi"),
        ("SUMMARISE THE QUARTERLY RESULTS IN TWO SENTENCES PLEASE", "en"),
    ],
)
def test_the_language_of_a_sentence_is_found(text, language):
    assert detect_language(text) == language
    assert language in LANGUAGES


@pytest.mark.parametrize("text", ["", "   ", "?!", "12 * 7", "ok", "hi", "😀😀😀", "\u202e\u200b", "\x1b[31m"])
def test_too_little_text_is_undetermined(text):
    assert detect_language(text) == "und"


def test_an_instruction_outweighs_the_document_in_its_middle():
    prompt = (
        "Please summarise the following letter for my manager. " * 4
        + "Der Vertrag gilt. " * 400
        + "Please be brief. " * 12
    )
    assert detect_language(prompt) == "en"
