"""The key that signs evidence: Ed25519, made once, kept in a file that its owner alone can read.

What a signature proves is who held the key, and that nothing was changed since. It does not prove that the database was
right before: whoever can read this file and write the database can sign what he likes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from telemetry.errors import EvidenceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NAME: Final = "evidence-key.pem"
"""The key's file, in the folder that `SigningKey.of_home` is given."""
_PAIRS: Final = 8
"""Hex digits between two colons of a fingerprint."""


class PublicKey:
    """The half that everybody may have: it checks signatures."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """The key of a PEM file (SubjectPublicKeyInfo).

        Raises:
            EvidenceError: it is no Ed25519 key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise EvidenceError("public_key.pem is no Ed25519 key in PEM; ask whoever sent the file for it again")
        return cls(key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its 32 bytes, in hex, in groups of eight digits: short enough to be read to somebody."""
        digits = hashlib.sha256(self._key.public_bytes_raw()).hexdigest()
        return ":".join(digits[at : at + _PAIRS] for at in range(0, len(digits), _PAIRS))

    @property
    def pem(self) -> bytes:
        """As a PEM file."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the other half of this key made the signature (64 bytes) over exactly these bytes."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """The half that one keeps."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def of_home(cls, home: Path) -> Self:
        """The key in a folder; made when there is none yet. Two processes that start together get the same.

        Raises:
            EvidenceError: it cannot be made or read, or others than its owner can read it.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        path = home / NAME
        if not path.exists():
            made = Ed25519PrivateKey.generate()
            pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _place(path, pem)
        return cls(_read(path))

    @property
    def public(self) -> PublicKey:
        """The half that goes along with what was signed."""
        return PublicKey(self._key.public_key())

    def sign(self, data: bytes) -> bytes:
        """64 bytes (RFC 8032)."""
        return self._key.sign(data)


def known(home: Path) -> PublicKey | None:
    """The public half of the key in a folder; None when none was made there. Makes nothing.

    Raises:
        EvidenceError: there is one that cannot be used.
    """
    return SigningKey(_read(home / NAME)).public if (home / NAME).exists() else None


def _place(path: Path, pem: bytes) -> None:
    """Write the file whole under another name, then give it its own unless somebody was faster."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except OSError as error:
        if path.exists():
            return
        raise EvidenceError(
            f"{path}: the key for evidence cannot be made ({error.strerror or error}); make its folder writable"
        ) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _read(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise EvidenceError(
                f"{path}: others than its owner may use this key, so it proves nothing; "
                f"run chmod 600 on it, or remove it to have a new one made"
            )
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise EvidenceError(
            f"{path}: the key for evidence cannot be read ({error.strerror or error}); check its permissions"
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{path}: this is no Ed25519 key in PEM; put the right one back, or remove it")
    return key
