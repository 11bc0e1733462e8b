"""Regular expressions that a policy names, matched in time linear in the text whatever the text is.

RE2 has no backtracking, so neither a careless pattern nor a hostile prompt can make a match hang; what needs
backtracking (look-around, back-references) is refused when the policy is loaded. ``\\w``, ``\\b`` and ``\\d`` are
those of ASCII; letters of any script are ``\\pL``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Protocol

MAX_PATTERN_CHARACTERS: Final = 1000
_MAX_BYTES: Final = 8 << 20
"""Memory that one compiled pattern may use."""


class InvalidPattern(ValueError):
    """The text is no pattern that RE2 takes; ``str(error)`` says why in a few words."""


class Match(Protocol):
    """What matched."""

    def group(self, which: int | str = 0, /) -> str | None:
        """The text of a group; of the whole match without a name."""
        ...

    def groupdict(self) -> dict[str, str | None]:
        """Named groups; None for those that took no part."""
        ...


class Pattern(Protocol):
    """A compiled pattern; safe for concurrent use."""

    groupindex: Mapping[str, int]

    def search(self, text: str, /) -> Match | None:
        """The first match anywhere in the text."""
        ...

    def fullmatch(self, text: str, /) -> Match | None:
        """A match of the whole text."""
        ...


@cache
def compile_pattern(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Compile in RE2's syntax; a dot matches line breaks too.

    Raises:
        InvalidPattern: it is longer than `MAX_PATTERN_CHARACTERS`, or RE2 refuses it.
    """
    import re2  # 0.5 MB that only policies with patterns need

    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise InvalidPattern(f"it is longer than {MAX_PATTERN_CHARACTERS:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.case_sensitive = not ignore_case
    options.max_mem = _MAX_BYTES
    try:
        compiled: Any = re2.compile(pattern, options)
    except re2.error as error:
        (why,) = error.args
        raise InvalidPattern(why.decode(errors="replace") if isinstance(why, bytes) else str(why)) from None
    found: Pattern = compiled
    return found
