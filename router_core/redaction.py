"""Taking personal data and secrets out of texts: of what is kept, and of what is sent to models.

Both ask the detectors that guard rules trust, and both fail closed. `redact_text` masks what has a plain shape, and
when the detectors still find something the whole text goes. `redact_messages` puts typed placeholders in the place of
what the detectors find; what it cannot mask for sure it reports, and then nothing may be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from router_core.request import Message
from router_core.signals.pii import find_pii
from router_core.signals.secrets import find_secrets
from router_core.signals.text import REVEAL_CHARACTERS, across_turns, reveal, unveil

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]{1,255}")
_LONG_NUMBER = re.compile(r"[+(]?\d(?:[ ./()\-]?\d){6,40}")
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){10,30}\b")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b")


def redact_text(text: str) -> str:
    """The text with e-mail addresses, long numbers and network addresses masked; or one word saying what it held."""
    masked = _EMAIL.sub("[email]", text)
    masked = _ADDRESS.sub("[address]", masked)
    masked = _IBAN.sub("[account]", masked)
    masked = _LONG_NUMBER.sub("[number]", masked)
    shown = reveal(masked)
    left = (*find_pii(shown), *find_secrets(shown))
    return f"[redacted: {', '.join(left)}]" if left else masked


def redact_secrets(text: str) -> str:
    """The text with ``[api_key-1]`` and the like in the place of keys, tokens and passwords; else as it is.

    For what is kept whatever the content mode: errors, reasons, tags. Where a secret cannot be masked alone the whole
    text goes. Pure; a few microseconds for a text without any.
    """
    if not find_secrets(text):
        return text
    masks = _Masks(())
    masked = _PRIVATE_KEY.sub(lambda match: masks.mask("private_key", match[0], secret=True), text)
    masked = _mask_secrets(masked, masks)
    left = find_secrets(masked)
    return f"[redacted: {', '.join(left)}]" if left else masked


# --- redact, then send ------------------------------------------------------------------------------------------------

NEARBY: Final = 64
"""Characters before a number or a word that may name what it is: "SSN", "password"."""
WINDOW: Final = 400
"""Characters that are asked about at once when a secret is looked for."""
_MOST: Final = 500
"""Numbers, addresses and secrets that are masked in one message; with more, nothing is sent."""

# What may be personal data by its shape; each is then put to the detectors, with the words before it.
_SHAPES: Final = re.compile(
    r"""
      (?<![^\s@<>"'(),;:\[\]])[^\s@<>"'(),;:\[\]]{1,64}+@[^\s@<>"'(),;:\[\]]{1,255}
    | \b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){2,10}\b
    | \b[A-Z]{1,6}[ ]?\d{2}[A-Z0-9 ]{4,14}[A-Z0-9]\b
    | (?:[0-9a-fA-F]{1,4}:|::)[0-9a-fA-F:]{2,38}
    | (?<!\d)[+(]?\d(?:[ ()./+-]{0,3}\d){5,40}[ -]?[A-Z]?\b
    """,
    re.VERBOSE,
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)", re.DOTALL
)
_NO_DIGITS: Final = {ord(digit): None for digit in "0123456789"}
_TOKEN: Final = re.compile(r"\S+")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}|(?:[0-9a-fA-F]{2}[ :]?){8,}")
_BARE: Final = "\"'`.,;!?)(<>"
_PLACEHOLDER: Final = re.compile(r"\[[a-z_]{2,16}-\d{1,4}\]")
_LONGEST_PLACEHOLDER: Final = 24


@dataclass(frozen=True, slots=True)
class Redaction:
    """Messages that may be sent, and what was taken out of them."""

    messages: tuple[Message, ...]
    counts: Mapping[str, int]
    """How many of each kind were replaced; the same value counts once."""
    originals: Mapping[str, str]
    """Personal data by placeholder, for `restore`; secrets are not in it."""
    left: tuple[str, ...]
    """Kinds that are still found, ``unread`` for text beyond what is searched, ``image``: nothing may be sent then."""

    @property
    def safe(self) -> bool:
        """Whether the messages may be sent."""
        return not self.left

    def restore(self, text: str) -> str:
        """The text with the originals in the place of their placeholders."""
        return _PLACEHOLDER.sub(lambda match: self.originals.get(match[0], match[0]), text)


class Restorer:
    """`Redaction.restore` for an answer that comes in pieces: holds back what may be half a placeholder."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now that this piece has come; may be empty."""
        text = self._held + piece
        start = text.rfind("[", max(0, len(text) - _LONGEST_PLACEHOLDER))
        cut = start if start >= 0 and "]" not in text[start:] else len(text)
        self._held = text[cut:]
        return self._redaction.restore(text[:cut])

    def finish(self) -> str:
        """What was held back, at the end of the answer."""
        held, self._held = self._held, ""
        return held


def redact_messages(messages: Sequence[Message], beside: Sequence[str] = ()) -> Redaction:
    """Put placeholders as ``[email-1]`` in the place of personal data and secrets, in every message.

    The same value gets the same placeholder everywhere. A message whose data hide behind look-alike characters or
    encodings is sent as a person would read it, its encoded pieces masked. ``beside``: texts that are sent as they
    stand, so that what is found there cannot be masked. Pure; about 2 ms for a page of text.
    """
    masks = _Masks(messages)
    cleaned = tuple(_redact_message(message, masks) for message in messages)
    return Redaction(cleaned, dict(masks.counts), dict(masks.originals), _left(cleaned, beside))


def _redact_message(message: Message, masks: _Masks) -> Message:
    calls = tuple(replace(call, arguments=_redact(call.arguments, masks)) for call in message.calls)
    return replace(message, content=_redact(message.content, masks), calls=calls)


def _redact(text: str, masks: _Masks) -> str:
    masked = _mask_all(text, masks)
    if not _found(masked):
        return masked
    # What is left hides: look at it as a person would read it, and mask the pieces that decode to something.
    clean, _ = unveil(masked)
    clean = _ENCODED.sub(lambda match: _without_encoded(match[0], masks), clean)
    return _mask_all(clean, masks)


def _without_encoded(piece: str, masks: _Masks) -> str:
    return masks.mask("encoded", piece, secret=True) if _found(piece) else piece


def _left(messages: Sequence[Message], beside: Sequence[str]) -> tuple[str, ...]:
    """What the detectors find in all that would be sent, across the turns too."""
    arguments = (call.arguments for message in messages for call in message.calls)
    texts = [*(message.content for message in messages), *arguments, *beside]
    turns = across_turns(message.content for message in messages if message.role == "user")
    left = {kind for text in (*texts, *turns) for kind in _found(text)}
    if any(len(text) > REVEAL_CHARACTERS for text in texts):
        left.add("unread")
    if any(message.parts for message in messages):
        left.add("image")
    return tuple(sorted(left))


def _found(text: str) -> tuple[str, ...]:
    shown = reveal(text)
    return (*find_pii(shown), *find_secrets(shown))


def _mask_all(text: str, masks: _Masks) -> str:
    text = _PRIVATE_KEY.sub(lambda match: masks.mask("private_key", match[0], secret=True), text)
    text = _mask_secrets(text, masks)
    return _mask_pii(text, masks)


def _mask_pii(text: str, masks: _Masks) -> str:
    pieces, done = [], 0
    for match in islice(_SHAPES.finditer(text), _MOST):
        before = text[max(done, match.start() - NEARBY) : match.start()].translate(_NO_DIGITS)
        kinds = find_pii(before + match[0])
        if kinds:
            value = match[0].rstrip(" .-")
            pieces += [text[done : match.start()], masks.mask(kinds[0], value), match[0][len(value) :]]
            done = match.end()
    return "".join([*pieces, text[done:]])


def _mask_secrets(text: str, masks: _Masks) -> str:
    if not find_secrets(text):
        return text
    pieces, done = [], 0
    for token in _secret_tokens(text):
        bare = token[0].strip(_BARE) or token[0]
        start = token.start() + token[0].find(bare)
        value = _after_sign(bare)
        start += len(bare) - len(value)
        kinds = find_secrets(text[max(done, start - NEARBY) : start] + value)
        pieces += [text[done:start], masks.mask(kinds[0] if kinds else "secret", value, secret=True)]
        done = start + len(value)
    return "".join([*pieces, text[done:]])


def _after_sign(token: str) -> str:
    """``key=value`` and ``"key":"value"`` without what names the value; other tokens as they are."""
    match = re.match(r"[\"']?[A-Za-z_][\w-]{1,40}[\"']?[:=]{1,2}[\"'`]?(?=[^/\s])", token)
    return token[match.end() :] if match and find_secrets(token) else token


def _secret_tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens that complete a secret: the first at which the detector speaks, then on from there."""
    tokens = list(_TOKEN.finditer(text))
    after, at, given = 0, 0, 0
    while at < len(tokens) and given < _MOST:
        last = at
        while last + 1 < len(tokens) and tokens[last + 1].end() - tokens[at].start() <= WINDOW:
            last += 1
        start = max(after, tokens[at].start() - NEARBY)
        end = _first(at, last, lambda index, start=start: bool(find_secrets(text[start : tokens[index].end()])))  # type: ignore[misc]
        if end is None:
            at = last + 1
            continue
        yield tokens[end]
        after, at, given = tokens[end].end(), end + 1, given + 1


def _first(low: int, high: int, speaks: Callable[[int], bool]) -> int | None:
    """The least index at which the detector speaks, by halving; None when it is silent at ``high``."""
    if not speaks(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if speaks(middle) else (middle + 1, high)
    return low


class _Masks:
    """The placeholders of one conversation."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.counts: dict[str, int] = {}
        self.originals: dict[str, str] = {}
        self._given: dict[tuple[str, str], str] = {}
        # A placeholder that somebody wrote himself must not come back as somebody's address.
        texts = (text for message in messages for text in (message.content, *(c.arguments for c in message.calls)))
        self._taken = {name for text in texts for name in _PLACEHOLDER.findall(text)}

    def mask(self, kind: str, value: str, *, secret: bool = False) -> str:
        """The placeholder of a value: the same for the same value."""
        known = self._given.get((kind, value))
        if known is not None:
            return known
        number = 1 + self.counts.get(kind, 0)
        self.counts[kind] = number
        while (name := f"[{kind}-{number}]") in self._taken:
            number += 1
        self._taken.add(name)
        self._given[kind, value] = name
        if not secret:
            self.originals[name] = value
        return name
