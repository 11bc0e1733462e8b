"""Injection: whether a conversation looks like an attempt to take over the model, and in which ways. Advisory.

Heuristics over what users, tools and documents wrote. They catch common wordings and miss others; docs/signals.md says
how many of each. Nothing is done about them unless a rule of the policy asks for a score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from router_core.signals.text import window, words_in

INJECTION_CHARACTERS: Final = 24_000
"""How much is looked at, two thirds from the start and one third from the end."""

INSTRUCTION_OVERRIDE: Final = "instruction_override"
SYSTEM_ROLE: Final = "system_role"
EXFILTRATION: Final = "exfiltration"
ENCODED_PAYLOAD: Final = "encoded_payload"
HIDDEN_UNICODE: Final = "hidden_unicode"


class _Sign(NamedTuple):
    """A wording: its kind, how much it says (0..1), sets of words of each of which one must occur, and the pattern.

    ``begins``: the words that the pattern can begin with, whole ones, where it begins with a word; ``marks``: the
    characters that it can begin with, where it begins with one or at the text's start. It is tried where these stand,
    and not at every character: that is ten times as quick.
    """

    kind: str
    weight: float
    words: tuple[frozenset[bytes], ...]
    begins: frozenset[bytes]
    marks: str
    pattern: re.Pattern[str]

    def found(self, text: str, seen: frozenset[bytes]) -> bool:
        """Whether the wording stands in the text, of whose words ``seen`` are those that any sign names."""
        if any(map(seen.isdisjoint, self.words)):
            return False
        if self.marks and (self.pattern.match(text) or any(_begins_with(self.pattern, text, m) for m in self.marks)):
            return True
        if not self.begins and not self.marks:
            return self.pattern.search(text) is not None
        return any(_begins_with(self.pattern, text, word.decode()) for word in self.begins & seen)


def _begins_with(pattern: re.Pattern[str], text: str, word: str) -> bool:
    place = text.find(word)
    while place >= 0:
        if pattern.match(text, place):
            return True
        place = text.find(word, place + len(word))
    return False


def _sign(kind: str, weight: float, words: str, pattern: str, *, begins: str = "", marks: str = "") -> _Sign:
    sets = tuple(frozenset(word.encode() for word in each.split()) for each in words.split("+"))
    return _Sign(kind, weight, sets, frozenset(word.encode() for word in begins.split()), marks, re.compile(pattern))


_ANY: Final = r"(?:\S+\s+){0,4}?"
_RULES: Final = (
    r"(?:instructions?|rules?|guidelines?|prompts?|directions?|restrictions?|polic(?:y|ies)|safeguards?|"
    r"programming|training|constraints?|commands?)"
)
_TELL: Final = (
    r"\b(?:reveal|show|print|repeat|output|display|tell|give|leak|disclose|dump|recite|copy|share|expose|"
    r"what (?:is|are|was|were))\b"
)
_SIGNS: Final = (
    _sign(
        INSTRUCTION_OVERRIDE,
        0.8,
        "ignore disregard forget override bypass overrule",
        r"\b(?:ignore|disregard|forget|override|bypass|overrule)\s+"
        + _ANY
        + r"(?:previous|prior|above|earlier|preceding|foregoing|all|your|any|the|system|initial|original)\s+"
        + _ANY
        + _RULES,
        begins="ignore disregard forget override bypass overrule",
    ),
    _sign(
        INSTRUCTION_OVERRIDE,
        0.7,
        "everything + ignore disregard forget",
        r"\b(?:ignore|disregard|forget)\s+(?:about\s+)?everything\s+(?:\w+\s+){0,3}?"
        r"(?:above|before|told|said|previous|so far|you know|you were)",
        begins="ignore disregard forget",
    ),
    _sign(
        INSTRUCTION_OVERRIDE,
        0.7,
        "not don stop longer instead free + follow following obey obeying comply bound from",
        r"\b(?:do not|don't|stop|no longer|need not|instead of)\s+(?:have to\s+|need to\s+)?"
        r"(?:follow|obey|comply|following|obeying|bound by)\s+"
        + _ANY
        + _RULES
        + r"|\b(?:not bound by|free from)\s+"
        + _ANY
        + _RULES,
        begins="do don stop no need instead not free",
    ),
    _sign(
        INSTRUCTION_OVERRIDE,
        0.6,
        "new real updated actual + instruction instructions task prompt",
        r"\b(?:new|real|updated|actual)\s+(?:system\s+)?(?:instructions?|task|prompt)\s*(?::|is\b|are\b|follow)",
        begins="new real updated actual",
    ),
    _sign(
        INSTRUCTION_OVERRIDE,
        0.75,
        "ignoriere vergiss missachte ignore ignorez oublie oubliez oublier ignora olvida dimentica",
        r"\b(?:ignoriere|vergiss|missachte)\b.{0,40}\b(?:anweisung|regel|vorgabe|befehl)"
        r"|\b(?:ignorez?|oublie[zr]?)\b.{0,40}\b(?:consignes?|règles|instructions précédentes)"
        r"|\b(?:ignora|olvida|dimentica)\b.{0,40}\b(?:instrucciones|reglas|istruzioni|regole)",
        begins="ignoriere vergiss missachte ignore ignorez oublie oubliez oublier ignora olvida dimentica",
    ),
    _sign(
        SYSTEM_ROLE,
        0.7,
        "system inst developer im sys endoftext start",
        r"(?:^|\n)[^\S\n]{0,16}(?:#{1,4}|\[|<\|?|\*\*)[^\S\n]{0,16}(?:system|developer|im_start|inst|sys)\b"
        r"[^\n]{0,20}(?:\]|\|?>|\*\*|:|\n|$)"
        r"|<\|(?:im_start|im_end|system|endoftext|start_header_id)\|?>|\[/?inst\]|<<sys>>"
        r"|(?:^|\n)[^\S\n]{0,16}system[^\S\n]{0,8}(?:prompt|message|override|note)?[^\S\n]{0,8}:\s{0,16}\S",
        marks="\n<[",
    ),
    _sign(
        SYSTEM_ROLE,
        0.7,
        "dan jailbreak jailbroken jailbreaking mode unrestricted unfiltered uncensored restrictions limits",
        r"\b(?:you are|you're|act as|pretend|become|enter|enable|activate|switch to|simulate|as)\b.{0,60}"
        r"(?:\bdan\b|jailbr\w+|developer mode|god mode|unrestricted|unfiltered|uncensored|no restrictions|"
        r"without (?:any )?restrictions|no (?:ethical |moral )?limits)",
        begins="you act as pretend become enter enable activate switch simulate",
    ),
    _sign(
        SYSTEM_ROLE,
        0.55,
        "now longer henceforth + you your",
        r"\b(?:from now on|henceforth),?\s+(?:you|your)\b.{0,80}"
        r"\b(?:obey|answer|respond|must|will|only|never|always|no longer)"
        r"|\byou are no longer\b"
        r"|\byou are now\s+(?:a|an|the|in)\b.{0,60}\b(?:admin|root|system|mode|hacker|evil|owner)",
        begins="from henceforth you",
    ),
    _sign(
        EXFILTRATION,
        0.75,
        "prompt message instructions rules guidelines above + reveal show print repeat output display tell give leak "
        "disclose dump recite copy share expose what",
        _TELL + r".{0,60}?\b(?:system (?:prompt|message)|(?:initial|hidden|secret) (?:prompt|instructions)|"
        r"your (?:\w+ )?(?:instructions|prompt|rules|guidelines)|(?:words|text) above|above text)",
        begins="reveal show print repeat output display tell give leak disclose dump recite copy share expose what",
    ),
    _sign(
        EXFILTRATION,
        0.7,
        "http https",
        r"\b(?:send|post|forward|upload|append|exfiltrate|transmit|leak|include)\b.{0,80}"
        r"\b(?:conversation|chat|history|messages?|data|secrets?|keys?|passwords?|context|credentials|contents?)\b"
        r".{0,60}https?://|!\[[^\]]{0,80}\]\(https?://[^)]{0,200}[?&=][^)]{0,40}"
        r"(?:\{|<|data|secret|chat|conversation)",
    ),
    _sign(
        EXFILTRATION,
        0.6,
        "user users customer customers environment api credentials passwords + "
        "reveal print list dump leak disclose show give tell",
        r"\b(?:reveal|print|list|dump|leak|disclose|show me|give me|tell me)\b.{0,40}"
        r"\b(?:other (?:users?|customers?)\b|"
        r"(?:all|your|the) (?:environment variables|api keys?|credentials|(?:stored |admin )?passwords))",
        begins="reveal print list dump leak disclose show give tell",
    ),
)
_COMMAND: Final = _sign(
    ENCODED_PAYLOAD,
    0.6,
    "decode decoded decrypt base rot hex hexadecimal encoded + follow execute obey carry run comply do",
    r"\b(?:decode|decrypt|base64|rot13|hex(?:adecimal)?)\b.{0,80}"
    r"\b(?:follow|execute|obey|run|do what|carry out|comply)\b"
    r"|\b(?:follow|execute|obey|carry out)\b.{0,60}\b(?:base64|encoded|decoded|rot13|hex)\b",
    begins="decode decrypt base rot hex hexadecimal follow execute obey carry",
)
_VOCABULARY: Final = frozenset(
    word for sign in (*_SIGNS, _COMMAND) for each in (*sign.words, sign.begins) for word in each
)

_TAGS: Final = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+|([\U000e0020-\U000e007e]{2,})")
_BIDI: Final = re.compile("[\u202d\u202e\u2066-\u2068]")
_BETWEEN_LETTERS: Final = re.compile("[A-Za-z][\u200b-\u200d\u2060\ufeff\u00ad]+[A-Za-z]")
_FEW: Final = 3


class Injection(NamedTuple):
    """How much looks like an injection, 0 to 1, and which kinds, sorted."""

    score: float
    kinds: tuple[str, ...]


NOTHING: Final = Injection(0.0, ())


def find_injection(raw: str, revealed: str, decoded: str = "", words: Sequence[bytes] | None = None) -> Injection:
    """Look at a conversation as written, as `text.reveal` shows it, and at what was encoded in it.

    ``words``: `words_in` of ``revealed``, where they are known and that is no longer than `INJECTION_CHARACTERS`.
    The score is ``1 - product(1 - weight)`` over the wordings found: two weak signs weigh like one strong one.
    """
    found: dict[str, float] = {}
    text = window(revealed, INJECTION_CHARACTERS * 2 // 3, INJECTION_CHARACTERS // 3).lower()
    seen = _VOCABULARY.intersection(words_in(text) if words is None else words)
    doubt = _in_text(text, seen, found)
    if _COMMAND.found(text, seen):
        found[ENCODED_PAYLOAD] = _COMMAND.weight
        doubt *= 1 - _COMMAND.weight
    if decoded:
        inside: dict[str, float] = {}
        within = decoded[:INJECTION_CHARACTERS].lower()
        doubt *= _in_text(within, _VOCABULARY.intersection(words_in(within)), inside)
        if inside:
            found[ENCODED_PAYLOAD] = 0.8
            doubt *= 0.2
    if not raw.isascii() and (weight := _hidden(raw)):
        found[HIDDEN_UNICODE] = weight
        doubt *= 1 - weight
    return Injection(round(1 - doubt, 4), tuple(sorted(found))) if found else NOTHING


def _in_text(text: str, seen: frozenset[bytes], found: dict[str, float]) -> float:
    """Put the kinds into ``found``; what doubt is left, 1 when nothing was found."""
    doubt = 1.0
    for sign in _SIGNS if seen else ():
        if sign.found(text, seen):
            found[sign.kind] = max(found.get(sign.kind, 0.0), sign.weight)
            doubt *= 1 - sign.weight
    return doubt


def _hidden(raw: str) -> float:
    """How much the invisible characters say. Emoji, flags, Persian and Indic scripts need some of them."""
    text = window(raw, INJECTION_CHARACTERS * 2 // 3, INJECTION_CHARACTERS // 3)
    if any(match[1] for match in _TAGS.finditer(text)):
        return 0.9
    weight = 0.5 if _BIDI.search(text) else 0.0
    if len(_BETWEEN_LETTERS.findall(text)) >= _FEW:
        weight = max(weight, 0.6)
    return weight
