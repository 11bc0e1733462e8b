"""A key: whose it is, what it may do, until when; and how a new one is made.

A key reads ``rsk-`` and twelve hexadecimal digits, by which it is looked up, and 43 characters that nobody can guess.
Only the digest of the whole is kept.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

Role: TypeAlias = Literal["client", "operator"]
"""A client asks for answers and gives feedback. An operator also sees states, budgets and drafts, and acts on them."""
State: TypeAlias = Literal["active", "expired", "revoked"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PREFIX: Final = "rsk-"
_SHAPE: Final = re.compile(rf"{PREFIX}([0-9a-f]{{12}})-[A-Za-z0-9_-]{{43}}")
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key."""

    key_id: str
    name: str
    """As budgets, decisions and feedback name it."""
    tenant: str
    role: Role
    routes: frozenset[str] | None
    """Targets that it may ask for: names of routes, or ``model/NAME``; None: any."""
    requests_per_minute: int | None
    created: datetime
    created_by: str
    expires: datetime | None = None
    revoked: datetime | None = None

    def state(self, now: datetime) -> State:
        """Whether it opens anything at a moment. What is both revoked and expired counts as revoked."""
        if self.revoked is not None and self.revoked <= now:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "active"


class Minted(NamedTuple):
    """A new key, to be shown once."""

    key_id: str
    text: str


def mint() -> Minted:
    """A key that nobody has yet: 256 random bits."""
    key_id = secrets.token_hex(6)
    return Minted(key_id, f"{PREFIX}{key_id}-{secrets.token_urlsafe(_SECRET_BYTES)}")


def digest_of(text: str) -> str:
    """What is kept of a key's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def id_in(text: str) -> str | None:
    """The part of a key that it is looked up by; None for what cannot be one of our keys."""
    found = _SHAPE.fullmatch(text)
    return None if found is None else found[1]
