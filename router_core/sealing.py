"""Values that nobody reads who does not know what they answer: sealed with a key that follows from the request itself.

Cached answers may lie in a file or in a database, where somebody else may look. Under which key one is found, and with
which it is opened, are two digests of the same request: neither tells the other, and neither is kept with the value.
The seal is AES-GCM (NIST SP 800-38D) with a random nonce.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Final

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """Where a value lies, and what opens it."""

    key: bytes
    seal: bytes = field(repr=False)

    @classmethod
    def of(cls, text: bytes) -> SealedPlace:
        """The place that follows from a request, written down."""
        key, seal = (hashlib.blake2b(text, digest_size=32, person=what).digest() for what in (b"place", b"seal"))
        return cls(key, seal)

    def close(self, value: bytes) -> bytes:
        """The value, sealed."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.seal).encrypt(nonce, value, self.key)

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed here; None when it is damaged, or was sealed elsewhere."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.seal).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.key)
        except (InvalidTag, ValueError):
            return None


def warm_up() -> None:
    """Import what seals, so that no request waits for it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    AESGCM(bytes(32))
