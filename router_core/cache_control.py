"""What a caller says of caching, in the words of HTTP (RFC 9111, section 5.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CacheControl:
    """A request's own wishes. They only narrow what the route's policy allows."""

    read: bool = True
    """False for ``no-cache``: the answer must be made anew."""
    store: bool = True
    """False for ``no-store``: nothing of the request or its answer may be kept in the cache."""
    max_age_s: int | None = None
    """An answer that was made longer ago is not wanted."""

    @classmethod
    def from_header(cls, text: str) -> CacheControl:
        """Read a ``Cache-Control`` header; directives that mean nothing here are passed over.

        A ``max-age`` that is no number counts as 0: who states one does not want whatever there is.
        """
        directives: dict[str, str] = {}
        for part in text.split(","):
            name, _, value = part.partition("=")
            directives.setdefault(name.strip().lower(), value.strip().strip('"'))
        age = directives.get("max-age")
        seconds = None if age is None else int(age[:9]) if age.isascii() and age.isdigit() else 0
        return cls("no-cache" not in directives, "no-store" not in directives, seconds)


NO_WISHES: Final = CacheControl()
