"""Secrets: which kinds of keys and passwords a conversation holds, never the secret itself.

Every pattern is tried only where a fixed piece of text stands, found by `str.find`: that is some hundred times quicker
than letting the pattern walk the whole conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Final, NamedTuple

from router_core.signals.text import has_run, run_table

PLACES: Final = 2000
"""Places that are examined for one pattern."""

_EDGE: Final = r"(?<![A-Za-z0-9_-])"


class _Key(NamedTuple):
    """How one vendor's keys look: the kind, the piece of text they begin with, and the rest."""

    kind: str
    start: str
    pattern: re.Pattern[str]


def _key(kind: str, start: str, rest: str) -> _Key:
    return _Key(kind, start, re.compile(_EDGE + re.escape(start) + rest))


_HEADERS: Final = (
    _Key(
        "private_key",
        "-----BEGIN ",
        re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    ),
)
_KEYS: Final = (
    _key("private_key", "AGE-SECRET-KEY-1", "[A-Z0-9]{20}"),
    _key("private_key", "PuTTY-User-Key-File-", r"\d"),
    _key("api_key", "sk-", "(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20}"),
    _key("api_key", "sk_live_", "[A-Za-z0-9]{16}"),
    _key("api_key", "sk_test_", "[A-Za-z0-9]{16}"),
    _key("api_key", "rk_live_", "[A-Za-z0-9]{16}"),
    _key("api_key", "AKIA", "[A-Z0-9]{16}(?![A-Z0-9])"),
    _key("api_key", "ASIA", "[A-Z0-9]{16}(?![A-Z0-9])"),
    _key("api_key", "AIza", "[A-Za-z0-9_-]{35}"),
    _key("api_key", "gsk_", "[A-Za-z0-9]{20}"),
    _key("api_key", "hf_", "[A-Za-z0-9]{20}"),
    _key("api_key", "xai-", "[A-Za-z0-9]{20}"),
    _key("api_key", "pplx-", "[A-Za-z0-9]{20}"),
    _key("api_key", "r8_", "[A-Za-z0-9]{20}"),
    _key("api_key", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16}"),
    _key("api_key", "dop_v1_", "[a-f0-9]{32}"),
    _key("api_key", "lin_api_", "[A-Za-z0-9]{20}"),
    _key("token", "ghp_", "[A-Za-z0-9]{20}"),
    _key("token", "gho_", "[A-Za-z0-9]{20}"),
    _key("token", "ghs_", "[A-Za-z0-9]{20}"),
    _key("token", "ghu_", "[A-Za-z0-9]{20}"),
    _key("token", "github_pat_", "[A-Za-z0-9_]{20}"),
    _key("token", "glpat-", "[A-Za-z0-9_-]{16}"),
    _key("token", "xox", "[abeoprs]-[A-Za-z0-9-]{10}"),
    _key("token", "npm_", "[A-Za-z0-9]{30}"),
    _key("token", "pypi-", "[A-Za-z0-9_-]{30}"),
    _key("token", "ya29.", "[A-Za-z0-9_-]{20}"),
    _key("token", "eyJ", r"[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8}"),
    _key("token", "earer ", "[A-Za-z0-9._~+/-]{24}")._replace(
        pattern=re.compile(r"(?<=[Bb])earer [A-Za-z0-9._~+/-]{24}")
    ),
)

_RUN: Final = run_table(ascii_letters + digits + "._~+/=-")
_LEAST: Final = 15
"""No key, named or known by its beginning, has fewer of these characters in a row; one of Slack's has just so many."""

_SAID: Final = r"[\"']?[ \t]{0,4}(?P<said>[:=]{1,2}|\b(?:is|ist|est|es|lautet)\b)[ \t]{0,4}:?[ \t]{0,4}"
_PASSWORD: Final = re.compile(_SAID + r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;]{6,128})")
_PASSWORD_NAMES: Final = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "passwort", "kennwort"),
    *("mot de passe", "contraseña", "contrasena", "senha", "wachtwoord"),
)
_PASSWORD_STEMS: Final = ("pass", "pwd", "kennwort", "contrase", "senha", "wachtwoord")
"""Pieces of which each of the names holds one: looked for first, at half the time."""
_NAMED_KEY: Final = re.compile(_SAID + r"[\"'`]?(?P<value>[A-Za-z0-9+/_.=-]{16,256})")
_KEY_NAMES: Final = tuple(
    name.replace(" ", gap)
    for name in ("api key", "secret key", "secret access key", "access token", "auth token", "client secret")
    for gap in (" ", "_", "-", "")
)
_IN_URL: Final = re.compile(r"://[^\s/:@]{1,64}:(?P<value>[^\s/@]{3,128})@[\w.-]")
_PLACEHOLDER: Final = re.compile(
    r"^[<{\[$%(*x.…•-]|your|example|changeme|placeholder|redacted|^(?:process|os|env)\.", re.IGNORECASE
)


def find_secrets(text: str) -> tuple[str, ...]:
    """The kinds of secrets in a text that `text.reveal` has cleaned: sorted, each once.

    They are ``api_key``, ``password``, ``private_key``, ``token``.
    """
    found: set[str] = set()
    may_hold_key = has_run(text, _RUN, _LEAST)
    for kind, start, pattern in (*_HEADERS, *_KEYS) if may_hold_key else _HEADERS:
        if start in text and kind not in found and any(pattern.match(text, place) for place in _places(text, start)):
            found.add(kind)
    lower = text.lower()
    # Lower case of a few letters is longer than the letter, and would shift the places.
    lower = lower if len(lower) == len(text) else text
    if may_hold_key and any(name in lower and _follows(_NAMED_KEY, text, lower, name) for name in _KEY_NAMES):
        found.add("api_key")
    if _names_a_password(text, lower) or _follows(_IN_URL, text, text, ""):
        found.add("password")
    return tuple(sorted(found))


def _places(text: str, start: str) -> Iterator[int]:
    """Where ``start`` stands in the text; the first `PLACES` of them."""
    place = text.find(start)
    for _ in range(PLACES):
        if place < 0:
            return
        yield place
        place = text.find(start, place + len(start))


def _follows(pattern: re.Pattern[str], text: str, lower: str, name: str) -> bool:
    """Whether a value that is no placeholder follows the name; without a name, stands at ``://``."""
    matches = (pattern.match(text, place + len(name)) for place in _places(lower, name or "://"))
    return any(match and not _PLACEHOLDER.search(match["value"]) for match in matches)


def _names_a_password(text: str, lower: str) -> bool:
    """Whether a password follows one of the names of passwords."""
    if not any(stem in lower for stem in _PASSWORD_STEMS):
        return False
    return any(name in lower and _password_follows(text, lower, name) for name in _PASSWORD_NAMES)


def _password_follows(text: str, lower: str, name: str) -> bool:
    """Whether a password follows its name. In prose ("the password is expired") only a word unlike words counts."""
    for place in _places(lower, name):
        match = _PASSWORD.match(text, place + len(name))
        if not match:
            continue
        value = match["value"].rstrip(".!?)")
        if len(value) < 6 or _PLACEHOLDER.search(value):
            continue
        assigned = "=" in match["said"] and not value.endswith(("(", "["))
        if match["quote"] or assigned or _unlike_a_word(value):
            return True
    return False


def _unlike_a_word(value: str) -> bool:
    """Digits, symbols or capitals inside: what words of prose do not have."""
    letters = value.replace("-", "")
    return not letters.isalpha() or letters[1:] != letters[1:].lower()
