"""Language: whether the answer is in the language that the prompt asks for, or in the prompt's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from router_core.request import RouteRequest
from router_core.signals.kinds import ALPHABET, CJK, LETTER, kinds
from router_core.signals.language import language_probabilities
from router_core.signals.text import window
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

CERTAIN: Final = 0.8
"""Probability of the likeliest language below which nothing is concluded from a text: it may be no or da, say."""
_POSSIBLE: Final = 0.25

_READ_CHARACTERS: Final = 4_000
_MIN_LETTERS: Final = 20
_MIN_SIGNS: Final = 8
"""Ideographs, kana and letters of other alphabets than the Latin one say more each."""
_END_CHARACTERS: Final = 500
_SIDE_CHARACTERS: Final = 100

_CODE: Final = re.compile(r"^ {0,3}```.*?(?:^ {0,3}```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL | re.MULTILINE)

_NAMES: Final = {
    "ar": "arabic arabisch arabe árabe arabo",
    "bg": "bulgarian bulgarisch bulgare búlgaro",
    "ca": "catalan katalanisch catalán",
    "cs": "czech tschechisch tchèque checo ceco",
    "da": "danish dänisch danois danés dansk",
    "de": "german deutsch deutsche allemand alemán tedesco alemão",
    "el": "greek griechisch grec griego greco",
    "en": "english englisch englische anglais inglés inglese inglês",
    "es": "spanish spanisch spanische espagnol español castellano spagnolo espanhol",
    "fi": "finnish finnisch finnois finlandés",
    "fr": "french französisch französische français francés francese francês",
    "he": "hebrew hebräisch hébreu hebreo",
    "hi": "hindi",
    "hr": "croatian kroatisch croate croata",
    "hu": "hungarian ungarisch hongrois húngaro",
    "id": "indonesian indonesisch indonésien indonesio",
    "it": "italian italienisch italienische italien italiano",
    "ja": "japanese japanisch japanische japonais japonés giapponese japonês",
    "ko": "korean koreanisch coréen coreano",
    "nl": "dutch niederländisch holländisch néerlandais neerlandés holandés olandese",
    "no": "norwegian norwegisch norvégien noruego",
    "pl": "polish polnisch polonais polaco polacco",
    "pt": "portuguese portugiesisch portugais portugués portoghese português",
    "ro": "romanian rumänisch roumain rumano",
    "ru": "russian russisch russe ruso russo",
    "sk": "slovak slowakisch slovaque eslovaco",
    "sv": "swedish schwedisch suédois sueco svedese",
    "th": "thai thailändisch",
    "tr": "turkish türkisch turc turco",
    "uk": "ukrainian ukrainisch ukrainien ucraniano",
    "vi": "vietnamese vietnamesisch vietnamien vietnamita",
    "zh": "chinese mandarin chinesisch chinesische chinois chino cinese chinês",
}
_CODES: Final = {name: code for code, names in _NAMES.items() for name in names.split()}
_NAME: Final = f"({'|'.join(sorted(_CODES, key=len, reverse=True))})"
_TRANSLATES: Final = re.compile(
    r"(?i)\b(?:translat|übersetz|tradui|traduc|traduz|vertaal)|\bhow (?:do|would|can) (?:you|i|we) say\b"
    r"|\bwie (?:sagt man|heißt)\b|\bcomment dit-on\b|\bcómo se dice\b"
)
_INTO: Final = re.compile(rf"(?i)\b(?:into|to|ins|naar het)[ ]+(?:the[ ]+)?{_NAME}\b")
_IN: Final = re.compile(rf"(?i)\b(?:in|auf|nach|en|al|em|para)[ ]+(?:the[ ]+)?{_NAME}\b")
_ANSWERS_IN: Final = re.compile(
    r"(?i)\b(?:answer|reply|respond|write|antwort|schreib|répond|écri|respond|escrib|rispond|scriv)\w*\b[^.\n]{0,60}?"
    rf"\b(?:in|auf|en|em)[ ]+(?:the[ ]+)?{_NAME}\b(?=\s*(?:[.,:;!?)\n\"']|$|please|bitte|and\b|und\b|et\b|y\b))"
)


class Language(Validator):
    """Probability that the answer is in the wanted language."""

    def __init__(self, name: str, threshold: float, language: str | None = None) -> None:
        self.name = name
        self.threshold = threshold
        self._language = language

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Unknown, and let pass, when either side is too short or too mixed to tell."""
        wanted = {self._language} if self._language else wanted_languages(request.prompt)
        if not wanted:
            return Score(None, "The prompt does not tell which language the answer should be in.")
        text = _CODE.sub(" ", window(answer.text, _READ_CHARACTERS // 2, _READ_CHARACTERS // 2))
        if not _says_enough(text):
            return Score(None, "The answer has too few words to tell its language.")
        probabilities = language_probabilities(text)
        share = min(sum(probabilities.get(language, 0.0) for language in wanted), 1.0)
        likeliest = max(probabilities, key=lambda language: probabilities[language])
        among = " or ".join(sorted(wanted))
        if share < CERTAIN and probabilities[likeliest] < CERTAIN:
            return Score(None, "The answer could be in several languages.")
        if likeliest in wanted:
            return Score(share, f"The answer is in {likeliest}, as it should be.")
        return Score(share, f"The answer is in {likeliest}, not in {among}.")


def wanted_languages(prompt: str) -> frozenset[str]:
    """ISO 639-1 codes that an answer may be in; empty when nothing tells.

    A language that the prompt asks for comes first: "translate this into German", "answer in French". A translation
    without a target tells nothing. Otherwise it is the prompt's own language, or that of its start or of its end: of
    an instruction and a pasted text in two languages, either may be right. A few words of no certain language, or
    formulas, tell nothing.
    """
    ends = window(prompt, _END_CHARACTERS, _END_CHARACTERS)
    if _TRANSLATES.search(ends):
        target = _INTO.search(ends) or _IN.search(ends)
        return frozenset() if target is None else frozenset({_CODES[target[1].lower()]})
    if asked := _ANSWERS_IN.search(ends):
        return frozenset({_CODES[asked[1].lower()]})
    lines = ends.strip().splitlines() or [""]
    pieces = {prompt, lines[0][:_SIDE_CHARACTERS], lines[-1][-_SIDE_CHARACTERS:]}
    likeliest = [max(language_probabilities(piece).items(), key=lambda found: found[1]) for piece in pieces]
    if max(share for _, share in likeliest) < CERTAIN:
        return frozenset()
    return frozenset(language for language, share in likeliest if share >= _POSSIBLE)


def _says_enough(text: str) -> bool:
    found = np.bincount(kinds(text), minlength=8)
    return bool(found[LETTER] >= _MIN_LETTERS or found[CJK] + found[ALPHABET] >= _MIN_SIGNS)
