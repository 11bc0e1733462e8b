"""Refusal: whether an answer is none, because it is empty, declines, repeats itself or only echoes the prompt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from router_core.request import RouteRequest
from router_core.signals.text import window, words_in
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

OPENING_CHARACTERS: Final = 280
"""A refusal stands at the start of an answer; further down, the same words may be a quotation."""
LONG_ANSWER_WORDS: Final = 120
"""An answer longer than this that opens with an apology still answers something."""
LONG_REFUSAL_SCORE: Final = 0.5

_READ_CHARACTERS: Final = 40_000
_MIN_REPEATS: Final = 4
_MAX_REPEATED_SHARE: Final = 0.5
_MIN_WINDOW_WORDS: Final = 40
_MIN_DISTINCT_SHARE: Final = 0.2
_LONGEST_GROUP: Final = 20
_GROUPS: Final = 20
_RUN: Final = re.compile(r"(.{1,20}?)\1{19,}", re.DOTALL)

_REFUSALS: Final = re.compile(
    r"""(?ix)
      \bi(?:'m|[ ]am)[ ](?:sorry|afraid|(?:very|so|really)[ ]sorry)[,;:.]?[ ](?:but[ ])?(?:that[ ])?(?:i[ ])?
        (?:can't|cannot|can[ ]not|am[ ]not[ ]able|am[ ]unable|'m[ ]not[ ]able|won't|do[ ]not|don't|must[ ]decline)
    | \bi[ ](?:can't|cannot|can[ ]not|won't|will[ ]not|must[ ]decline|have[ ]to[ ]decline)[ ](?:to[ ])?
        (?:help(?![ ]but\b)|assist|comply|do[ ](?:that|this)|provide|answer|fulfil+|continue|discuss|support|engage
          |create|generate|write|share|give|offer|respond)
    | \bi(?:'m|[ ]am)[ ](?:unable|not[ ]able|not[ ]allowed|not[ ]permitted)[ ]to[ ]
        (?:help|assist|comply|provide|answer|fulfil+|do|discuss|create|generate|write|share|give|continue|respond|access)
    | \bas[ ]an?[ ](?:ai|artificial[ ]intelligence|(?:large[ ])?language[ ]model)\b[^.\n]{0,60}
        (?:can't|cannot|am[ ](?:not|unable)|'m[ ](?:not|unable)|do[ ]not|don't)
    | \bi[ ](?:do[ ]not|don't)[ ](?:feel[ ]comfortable|have[ ](?:the[ ]ability|access|enough[ ]information)[ ]to)
    | \b(?:this|that|your)[ ](?:request|question|prompt)[ ](?:violates|goes[ ]against|is[ ]against)
    | \b(?:ich[ ]kann|kann[ ]ich)\b[^.\n]{0,60}\bnicht[ ]
        (?:helfen|weiterhelfen|beantworten|erfüllen|unterstützen|nachkommen|bereitstellen)
    | \bich[ ]bin[ ]nicht[ ]in[ ]der[ ]lage\b
    | \btut[ ]mir[ ]leid,?[ ](?:aber[ ])?(?:ich[ ]kann|das[ ]kann[ ]ich|dabei[ ]kann)
    | \bje[ ]ne[ ](?:peux|suis)[ ]pas[ ]
        (?:(?:vous[ ]|t')?aider|répondre|en[ ]mesure|autorisée?|fournir|faire)
    | \b(?:désolée?|je[ ]regrette),?[ ](?:mais[ ])?je[ ]ne[ ](?:peux|suis)[ ]pas
    | \b(?:lo[ ]siento|disculpa|perdón),?[ ](?:pero[ ])?no[ ]puedo
    | \bno[ ](?:puedo|me[ ]es[ ]posible)[ ]
        (?:ayudar|responder|cumplir|proporcionar|hacer|realizar|continuar)
    | \b(?:mi[ ]dispiace|spiacente),?[ ](?:ma[ ])?non[ ]posso
    | \bnon[ ]posso[ ](?:aiutar|rispondere|fornire|soddisfare)
    | \b(?:desculpe|sinto[ ]muito|lamento),?[ ](?:mas[ ])?não[ ]posso
    | \bnão[ ]posso[ ](?:ajudar|responder|fornecer|atender)
    | \bhet[ ]spijt[ ]me\b[^.\n]{0,20}\bkan[ ]
    | 申し訳(?:ありません|ございません).{0,30}(?:できません|いたしかねます)
    | (?:抱歉|对不起|很遗憾).{0,12}(?:无法|不能)
    | (?:к[ ]сожалению|извините|простите),?.{0,20}не[ ]могу
    """
)
# Of these words every refusal in plain ASCII has one, or "i" and one of the others. They are looked up in 3 us, where
# the pattern takes 100.
_REFUSING: Final = frozenset(
    b"sorry afraid ai artificial language request question prompt ich tut je "
    b"siento disculpa puedo posible dispiace spiacente posso spijt".split()
)
_REFUSING_ME: Final = frozenset(b"can cannot won will must have feel unable able allowed permitted".split())
_SENTENCE: Final = re.compile(r"[.!?。！？\n]+")  # noqa: RUF001


class Refusal(Validator):
    """0 for an empty answer, one that refuses, repeats itself or echoes the prompt; else 1."""

    def __init__(self, name: str, threshold: float) -> None:
        self.name = name
        self.threshold = threshold

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. A long answer that opens with a refusal gets `LONG_REFUSAL_SCORE`."""
        text = window(answer.text, _READ_CHARACTERS * 3 // 4, _READ_CHARACTERS // 4).strip()
        if not any(map(str.isalnum, text)):
            return Score(0.0, "The answer is empty." if not text else "The answer has no word in it.")
        if _refuses(" ".join(text[:OPENING_CHARACTERS].replace("\u2019", "'").split())):
            if len(text.split()) > LONG_ANSWER_WORDS:
                return Score(LONG_REFUSAL_SCORE, "The answer opens like a refusal but goes on at length.")
            return Score(0.0, "The answer opens with a refusal and gives nothing else.")
        if repeated := find_repetition(text):
            return Score(0.0, repeated)
        if _echoes(text, request.prompt):
            return Score(0.0, "The answer only repeats the prompt.")
        return Score(1.0, "The answer is neither empty nor a refusal, and does not repeat itself.")


def _refuses(opening: str) -> bool:
    if opening.isascii():
        words = frozenset(words_in(opening))
        if _REFUSING.isdisjoint(words) and (b"i" not in words or _REFUSING_ME.isdisjoint(words)):
            return False
    return _REFUSALS.search(opening) is not None


def find_repetition(text: str) -> str | None:
    """A sentence that says how the text repeats itself, or None when it does not.

    Three signs of a model that runs in circles: one line or sentence makes up half of the text, the text ends in one
    group of words over and over, or its last words are hardly any different ones.
    """
    sentences = [key for piece in _SENTENCE.split(text) if len(key := " ".join(piece.lower().split())) >= 4]
    if len(sentences) >= _MIN_REPEATS:
        sentence, times = Counter(sentences).most_common(1)[0]
        if times >= _MIN_REPEATS and times * len(sentence) > _MAX_REPEATED_SHARE * sum(map(len, sentences)):
            return f"The answer says the same sentence {times} times."
    words = text.lower().split()[-400:]
    for size in (*range(1, 13), 16, 20, 24, 32, 40):
        if len(words) <= size or words[-1 - size] != words[-1]:
            continue
        times = _times_at_end(words, size)
        if times >= 6 and times * size >= 24:
            return f"The answer ends in the same {size} {'word' if size == 1 else 'words'} {times} times over."
    tail = words[-200:]
    if len(tail) >= _MIN_WINDOW_WORDS * 2 and len(set(tail)) < _MIN_DISTINCT_SHARE * len(tail) and _is_prose(tail):
        return f"The last {len(tail)} words of the answer are only {len(set(tail))} different ones."
    if len(words) < _MIN_WINDOW_WORDS and (run := _run_in(text[-2000:])):
        return (
            f"The answer repeats the same {len(run[1])} characters over and over."
            if run[1].strip("-=_*#. \t\n")
            else None
        )
    return None


def _run_in(text: str) -> re.Match[str] | None:
    """The first group of up to 20 characters that stands 20 times or more in a row.

    So long a run covers one of the places where its ten middle groups are compared here: the pattern takes 100 us.
    """
    if any(
        text[place : place + 9 * size] == text[place + size : place + 10 * size]
        for size in range(1, min(_LONGEST_GROUP, len(text) // _GROUPS) + 1)
        for place in range(0, len(text) - 10 * size + 1, 10 * size)
    ):
        return _RUN.search(text)
    return None


def _times_at_end(words: list[str], size: int) -> int:
    """How many times the last ``size`` words stand one after another at the end."""
    last, times, end = words[-size:], 0, len(words)
    while end >= size and words[end - size : end] == last:
        times += 1
        end -= size
    return times


def _is_prose(words: list[str]) -> bool:
    """Whether most words are made of letters: tables of figures repeat themselves by nature."""
    return sum(map(str.isalpha, words)) > len(words) / 2


def _echoes(text: str, prompt: str) -> bool:
    said, asked = " ".join(text.lower().split()), " ".join(prompt[: len(text) * 2 + 100].lower().split())
    return len(said.split()) >= 4 and said.strip('"\u201c\u201d') == asked.strip('"\u201c\u201d')
