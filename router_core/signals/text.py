"""Prompt text made ready for reading: its ends, its words, and what hides behind look-alikes and encodings."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from string import ascii_letters, digits, hexdigits
from typing import Final

REVEAL_CHARACTERS: Final = 150_000
"""`reveal` reads this many characters, two thirds from the start of the text and one third from its end."""

_TURN_ENDS: Final = 200
_SLICE: Final = 256
_PIECES: Final = 24
_PIECE_CHARACTERS: Final = 8192


def window(text: str, head: int, tail: int) -> str:
    """The text, or its first ``head`` and last ``tail`` characters with a line break between them."""
    if len(text) <= head + tail:
        return text
    return f"{text[:head]}\n{text[-tail:]}"


def across_turns(turns: Iterable[str]) -> list[str]:
    """A user's messages as if each went on where the one before ended: a number can be sent in two halves.

    Joined with nothing and with a space between them; of a long message only its two ends. Empty for a single one.
    """
    ends = [window(turn, _TURN_ENDS, _TURN_ENDS) for turn in turns]
    return ["".join(ends), " ".join(end.strip() for end in ends)] if len(ends) > 1 else []


# Keeps letters, and the bytes of letters beyond ASCII; makes a space of everything else.
_LETTERS_ONLY: Final = bytes(code if code >= 0x80 or chr(code).isalpha() else 0x20 for code in range(256))
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def words_in(text: str) -> list[bytes]:
    """The words of a text in lower case, as UTF-8; no digits, no marks. About 30 ns a word when the text is ASCII."""
    lower = text.lower()
    if lower.isascii():
        return lower.encode().translate(_LETTERS_ONLY).split()
    return [word.encode("utf-8", "replace") for word in _LETTERS.findall(lower)]


def run_table(characters: str) -> bytes:
    """Which bytes count for `has_run`: these ASCII characters."""
    return bytes(chr(code) in characters for code in range(256))


def has_run(text: str, counted: bytes, length: int, *, skipped: bytes = b"") -> bool:
    """Whether so many counted characters (see `run_table`) stand in a row once the skipped ones are taken out.

    Ten times as quick as a pattern. Prose has hardly ever so long a run, keys and encoded text always do.
    """
    return b"\1" * length in text.encode("utf-8", "surrogatepass").translate(counted, skipped)


# Zero-width characters, bidi controls, soft hyphens, variation selectors and tag characters: they split a number or an
# address for a pattern without changing what a person sees. The Arabic ligatures of whole phrases go too:
# folding makes 18 characters of one.
_HIDDEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufdf0-\ufdfd\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
# Copies of ASCII that no font draws: a way to write what a model reads and a person does not see.
_TAGS: Final = re.compile("[\U000e0020-\U000e007e]{4,4096}")
_TAG_ZERO: Final = 0xE0000
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]{0,16}[@-~]")
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_BASE64_LEAST: Final = 16
_BASE64_RUN: Final = run_table(ascii_letters + digits + "+/_-")
_HEX: Final = re.compile(r"[0-9a-fA-F](?<![0-9A-WYZa-wyz].)[0-9a-fA-F][ :]?(?:[0-9a-fA-F]{2}[ :]?){7,}+")
_HEX_LEAST: Final = 16
_HEX_RUN: Final = run_table(hexdigits)


def reveal(text: str) -> str:
    """The text as a person would read it, followed by what is hidden or encoded in it; see `unveil`."""
    clean, hidden = unveil(text)
    return "\n".join([clean, *hidden])


def unveil(text: str) -> tuple[str, list[str]]:
    """The text as a person would read it, and apart from it what its base64, hexadecimal and tag characters say.

    Compatibility forms are folded (NFKC), invisible characters and terminal sequences removed; what was encoded twice
    is decoded twice. Only for looking: the result is never shown or sent anywhere.
    """
    text = window(text, REVEAL_CHARACTERS * 2 // 3, REVEAL_CHARACTERS // 3)
    hidden: list[str] = []
    if not text.isascii():
        hidden = ["".join(chr(ord(tag) - _TAG_ZERO) for tag in run) for run in islice(_TAGS.findall(text), _PIECES)]
        text = window(_fold(_HIDDEN.sub("", text)), REVEAL_CHARACTERS * 2 // 3, REVEAL_CHARACTERS // 3)
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    hidden += _decoded(text)
    return text, [*hidden, *(inner for piece in hidden for inner in _decoded(piece))]


def _fold(text: str) -> str:
    """NFKC, by slices: ordering a long run of combining marks takes time that grows with its square."""
    slices = (text[start : start + _SLICE] for start in range(0, len(text), _SLICE))
    return "".join(unicodedata.normalize("NFKC", piece) for piece in slices)


def _decoded(text: str) -> list[str]:
    """Readable text inside base64 and hexadecimal pieces; at most `_PIECES` of each are tried."""
    found = []
    if has_run(text, _HEX_RUN, _HEX_LEAST, skipped=b" :"):
        for match in islice(_HEX.finditer(text), _PIECES):
            pairs = match[0][:_PIECE_CHARACTERS].replace(" ", "").replace(":", "")
            found.append(_readable(_unhex(pairs)))
    if has_run(text, _BASE64_RUN, _BASE64_LEAST):
        for match in islice(_BASE64.finditer(text), _PIECES):
            found.append(_readable(_unbase64(match[0][:_PIECE_CHARACTERS])))
    return [piece for piece in found if piece]


def _unhex(digits: str) -> bytes:
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _unbase64(piece: str) -> bytes:
    plain = piece.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain[: len(plain) - (len(plain) % 4 == 1)] + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def _readable(data: bytes) -> str:
    """The bytes as text when all of them are printable, else nothing: random letters decode to noise."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if len(text) >= 6 and all(c.isprintable() or c in "\r\n\t" for c in text) else ""
