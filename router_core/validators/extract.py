"""What an answer says, cut out of how it says it: a number, a choice, JSON or plain words, ready to be compared."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from router_core.signals.text import window
from router_core.validators.result_member import NoResult, literal, result_after_words, result_in

Kind: TypeAlias = Literal["number", "choice", "json", "text", "exact"]
Wanted: TypeAlias = Literal["auto", "number", "choice", "json", "text"]

SAME_TEXT_OVERLAP: Final = 0.8
"""Share of common words (Jaccard) from which two texts count as saying the same."""
RELATIVE_TOLERANCE: Final = Fraction(1, 10**6)
"""Numbers this close are the same: models round differently."""

_READ_CHARACTERS: Final = 20_000
_MAX_DIGITS: Final = 60
_MAX_DEPTH: Final = 200

_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[\u00a0\u202f ']\d{3})+(?!\d)|\d+)"
    r"(?:[.]\d+)?(?:[eE][-+]?\d{1,3})?(?!\w)"
)
_EUROPEAN: Final = re.compile(r"(?<![\w.,])[-+\u2212]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,}))(?![\w,])")
_FINAL: Final = re.compile(
    r"(?i)(?:####|\\boxed\{"
    r"|(?:final |correct |best )?(?:answer|antwort|lösung|réponse|respuesta|risposta|result|ergebnis)"
    r"(?:[ ]+(?:is|ist|lautet|est|es|è|choice|option))*[ ]*[:=]?)\s*[*$({\[\"']{0,4}"
)
_CHOICE: Final = re.compile(
    r"(?<![\w'\u2019])[(\[*]{0,3}([A-J])(?:[)\].:,*]|\s*$|\s+(?:is\b|because\b|[-\u2013:]))", re.MULTILINE
)
_OPTION_WORD: Final = re.compile(r"(?i)\b(?:option|choice|answer)[ ]+[(*\[\"']{0,3}([A-J])(?![\w'])")
_YES_NO: Final = {
    **dict.fromkeys(("yes", "true", "ja", "oui", "sí", "si", "correct", "richtig", "vrai", "verdadero"), "yes"),
    **dict.fromkeys(("no", "false", "nein", "non", "incorrect", "falsch", "faux", "falso"), "no"),
}
_OPTION: Final = re.compile(
    r"(?:^|(?<=\s))(?:[(\[]([A-J])[)\]]|\*\*[(\[]?([A-J])\b)|^([A-J])[).:](?=\s|$)", re.MULTILINE
)
"""A letter that is written as an option, not as a quantity of a formula or a word."""
_TERSE_CHOICE: Final = re.compile(r"[(\[]?([A-J])[)\].:]?|[(\[]?([A-J])[)\].:]\s.*")
_PLAIN_NUMBER: Final = re.compile(r"[$€£]?(?!0\d)[-+\u2212]?[\d.,\u00a0\u202f ']*\d(?:[eE][-+]?\d{1,3})?\s?%?")
_EXACT_WORDS: Final = 8
_FENCE: Final = re.compile(r"```[ \t]*[\w+-]{0,20}[ \t]*\r?\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Extract:
    """What was found in an answer. Only two extracts of the same kind can say the same."""

    kind: Kind
    value: Fraction | str


class NotJson(ValueError):
    """The text holds no JSON; the message says where it stops being JSON."""


def extract(text: str, wanted: Wanted = "auto") -> Extract | None:
    """What the answer says, or None when there is nothing of the kind in it.

    ``auto`` takes the result when the answer is a JSON object that holds its working too, else JSON when the whole
    answer is JSON or a Python literal, else a choice or a number when the answer is short or marks it as its result,
    else the words. Never raises.
    """
    text = window(text, _READ_CHARACTERS // 2, _READ_CHARACTERS // 2)
    match wanted:
        case "number":
            return _beside_working(text, wanted) or _number(text)
        case "choice":
            return _beside_working(text, wanted) or _choice(text)
        case "json":
            return _json(text)
        case "text":
            return _text(text)
        case "auto":
            return _auto(text)


def _auto(text: str) -> Extract | None:
    if "{" in text or text.lstrip()[:1] in ("[", "(", "`"):
        try:
            return _structured(text)
        except NoResult:
            pass
    marked = _FINAL.search(text) is not None
    short = len(text.split()) <= 6
    if (marked or short) and (found := _choice(text)):
        return found
    if (marked or short or len(set(_NUMBER.findall(text))) == 1) and (found := _number(text)):
        return found
    return _text(text)


def _structured(text: str) -> Extract | None:
    """The result of an object with its working, else the whole JSON or Python literal.

    Raises:
        NoResult: the answer is prose.
    """
    try:
        value = parse_json(text)
    except NotJson:
        try:
            return _result(result_after_words(text))
        except NoResult:
            return Extract("json", canonical_json(literal(text)))
    try:
        return _result(result_in(value))
    except NoResult:
        return Extract("json", canonical_json(value))


def _beside_working(text: str, kind: Kind) -> Extract | None:
    """The result of an object with its working, when it is of this kind."""
    if "{" not in text:
        return None
    try:
        found = _structured(text)
    except NoResult:
        return None
    return found if found is not None and found.kind == kind else None


def _result(value: Any) -> Extract | None:
    """What the result member of an object says."""
    if isinstance(value, bool):
        return Extract("choice", "yes" if value else "no")
    if isinstance(value, str):
        return _terse(value)
    if isinstance(value, int | float) and (found := _as_number(str(value))):
        return found
    return Extract("json", canonical_json(value))


def _terse(text: str) -> Extract | None:
    """What a text says that holds a result and nothing else. Its case and its symbols count, unless it is prose."""
    body = unicodedata.normalize("NFC", text).strip()
    while len(body) > 1 and body[0] == body[-1] and body[0] in "'\"`":
        body = body[1:-1].strip()
    try:
        return Extract("json", canonical_json(literal(body)))
    except NoResult:
        pass
    if _PLAIN_NUMBER.fullmatch(body) and (found := _number(body)):
        return found
    if choice := _TERSE_CHOICE.fullmatch(body):
        return Extract("choice", choice[1] or choice[2])
    if answer := _YES_NO.get(body.rstrip(".!").lower()):
        return Extract("choice", answer)
    if len(body.split()) > _EXACT_WORDS:
        return _text(body)
    return Extract("exact", body)


def agree(one: str, other: str, wanted: Wanted = "auto") -> bool:
    """Whether two answers say the same.

    With ``auto``, when one is found to be a number, a choice or JSON and the other is prose, the same is looked for in
    the prose: "12" and "So she has 12 apples left." agree.
    """
    first, second = extract(one, wanted), extract(other, wanted)
    if first is None or second is None:
        return False
    if first.kind == "text":
        first = _as_kind(first, one, second.kind)
    elif second.kind == "text":
        second = _as_kind(second, other, first.kind)
    return first is not None and second is not None and same(first, second)


def _as_kind(found: Extract, text: str, kind: Kind) -> Extract | None:
    """The prose read again for what the other answer holds."""
    if kind == "text":
        return found
    return _terse(text) if kind == "exact" else extract(text, kind)


def same(one: Extract, other: Extract) -> bool:
    """Whether two extracts are equal: numbers within a millionth, texts also by most of their words."""
    if one.kind != other.kind:
        return False
    if isinstance(one.value, Fraction) and isinstance(other.value, Fraction):
        return abs(one.value - other.value) <= RELATIVE_TOLERANCE * max(abs(one.value), abs(other.value))
    if one.value == other.value:
        return True
    return one.kind == "text" and _same_words(str(one.value), str(other.value))


def _same_words(one: str, other: str) -> bool:
    """Whether two texts share most of their words, or a short one stands in a sentence of the other.

    Never when a number, a negation or an alternative is in one of them only: those turn the meaning.
    """
    words, others = set(one.split()), set(other.split())
    if any(word in _TURNING or any(map(str.isdigit, word)) for word in words ^ others):
        return False
    if len(words & others) >= SAME_TEXT_OVERLAP * len(words | others):
        return True
    short, long = sorted((one, other), key=len)
    return len(short.split()) <= 4 and len(long.split()) <= 20 and f" {short} " in f" {long} "


_TURNING: Final = frozenset(
    {
        *(
            "not",
            "no",
            "never",
            "none",
            "isn't",
            "don't",
            "doesn't",
            "can't",
            "cannot",
            "won't",
            "without",
            "or",
            "either",
        ),
        *(
            "nicht",
            "kein",
            "keine",
            "nie",
            "ohne",
            "oder",
            "ne",
            "pas",
            "jamais",
            "sans",
            "ou",
            "nunca",
            "sin",
            "non",
            "o",
        ),
        *("yes", "true", "false"),
    }
)


def _number(text: str) -> Extract | None:
    """The number that the answer marks as its result, else its last one."""
    marks = list(_FINAL.finditer(text))
    for mark in reversed(marks):
        if found := _first_number(text[mark.end() : mark.end() + 80]):
            return found
    numbers = list(_NUMBER.finditer(text))
    europeans = list(_EUROPEAN.finditer(text))
    last = max((*numbers, *europeans), key=lambda match: (match.end(), -match.start()), default=None)
    return _as_number(last[0]) if last else None


def _first_number(text: str) -> Extract | None:
    found = [match for pattern in (_EUROPEAN, _NUMBER) if (match := pattern.search(text))]
    first = min(found, key=lambda match: (match.start(), -match.end()), default=None)
    return _as_number(first[0]) if first else None


def _as_number(written: str) -> Extract | None:
    plain = re.sub(r"[\u00a0\u202f ']", "", written).replace("\u2212", "-")
    if _EUROPEAN.fullmatch(written):
        plain = plain.replace(".", "").replace(",", ".")
    plain = plain.replace(",", "")
    if len(plain) > _MAX_DIGITS:
        return None
    try:
        value = Fraction(Decimal(plain))
    except InvalidOperation:
        return None
    return Extract("number", value)


def _choice(text: str) -> Extract | None:
    """The letter that the answer marks as its choice, or a plain yes or no."""
    for mark in reversed(list(_FINAL.finditer(text))):
        if found := re.match(r"[(\[*\"']{0,3}([A-Ja-j])(?![\w'\u2019])", text[mark.end() : mark.end() + 8]):
            return Extract("choice", found[1].upper())
    if options := _OPTION_WORD.findall(text):
        return Extract("choice", options[-1].upper())
    first = re.match(r"\W*(\w+)", text)
    if first and (answer := _YES_NO.get(first[1].lower())):
        return Extract("choice", answer)
    if len(text.split()) > 30:
        # Prose is full of letters that are words, quantities and units: only those written as options count.
        marked = {letter for found in _OPTION.findall(text) for letter in found if letter}
        return Extract("choice", marked.pop()) if len(marked) == 1 else None
    if letters := _CHOICE.findall(text):
        # "A" also begins sentences: only a letter that is alone, or the same each time, is a choice.
        chosen = letters[0] if re.match(r"\W*[A-J]\W", text + " ") else letters[-1]
        return Extract("choice", chosen)
    return None


def _json(text: str) -> Extract | None:
    try:
        value = parse_json(text)
    except NotJson:
        return None
    return Extract("json", canonical_json(value))


def _text(text: str) -> Extract | None:
    folded = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    words = re.findall(r"[^\W_]+(?:['.,][^\W_]+)*", folded)
    if not words:
        return None
    return Extract("text", " ".join(words))


def parse_json(text: str) -> Any:
    """The JSON value that the answer consists of, bare or in one fence of code.

    Raises:
        NotJson: it is anything else, or holds what JSON does not have (NaN, a name twice).
    """
    body = text.strip().removeprefix("\ufeff")
    if fence := _FENCE.search(body):
        # Words around the fence are tolerated; the fence is what the answer means.
        body = fence[1].strip()
    if not body:
        raise NotJson("it is empty")
    try:
        return json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(str(error).split(";")[0]) from None


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"it holds {name}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("an object has the same name twice")
    return found


def canonical_json(value: Any) -> str:
    """JSON text that is equal for equal values: names sorted, 1.0 as 1, strings in NFC and without outer blanks."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: Any, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        return str(type(value))
    if isinstance(value, Mapping):
        return {str(name): _canonical(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item, depth + 1) for item in value]
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
