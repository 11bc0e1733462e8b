"""Whether a piece of evidence is as it was signed. The file may be anybody's: nothing in it is trusted or unpacked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from telemetry.errors import EvidenceError
from telemetry.evidence.bundle import FORMAT, KEY, MANIFEST, SIGNATURE, UNLISTED
from telemetry.evidence.key import PublicKey

MOST_FILES: Final = 10_000
LARGEST_MANIFEST: Final = 16 * 1024 * 1024
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    fingerprint: str
    """Of the key that the file brings along."""
    faults: tuple[str, ...]
    """A sentence each; empty when every file is as it was signed."""
    files: int
    bytes: int
    """Of the files that were read, unpacked."""
    manifest: dict[str, Any]
    """As it says; meaningful only when there are no faults."""

    @property
    def intact(self) -> bool:
        """Whether the signature is that key's, and all files are the signed ones."""
        return not self.faults


def check(path: Path, *, fingerprint: str | None = None) -> Checked:
    """Read every file once and compare it with the manifest, and the manifest with its signature.

    Args:
        path: the ZIP.
        fingerprint: of the key that must have signed it; without one any key will do, and is only told.

    Raises:
        EvidenceError: this is no evidence, or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive, fingerprint)
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError) as error:
        raise EvidenceError(f"{path}: this cannot be read as evidence ({error}); get the file again") from None


def _check(archive: zipfile.ZipFile, fingerprint: str | None) -> Checked:
    names = Counter(info.filename for info in archive.infolist())
    if len(names) > MOST_FILES:
        raise ValueError(f"it holds more than {MOST_FILES:,} files")
    manifest_bytes, signature, pem = (_whole(archive, name) for name in (MANIFEST, SIGNATURE, KEY))
    key = PublicKey.read(pem)
    manifest = _manifest(manifest_bytes)
    faults = [f"{name}: there are {number} files of this name" for name, number in names.items() if number > 1]
    if fingerprint is not None and _digits(fingerprint) != _digits(key.fingerprint):
        faults.append(f"{KEY}: it has the fingerprint {key.fingerprint}, not the one asked for")
    if not key.signed(manifest_bytes, _decoded(signature)):
        faults.append(f"{MANIFEST}: the signature is not that of this key over this file")
    read = 0
    listed: set[str] = set()
    for entry in manifest["files"]:
        name, size, sha256 = entry["name"], entry["bytes"], entry["sha256"]
        listed.add(name)
        if name not in names:
            faults.append(f"{name}: it is in the manifest and not in the file")
            continue
        try:
            found, digest = _hash(archive, name, size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            faults.append(f"{name}: it is damaged")
            continue
        read += found
        if found != size:
            faults.append(f"{name}: it has not the {size:,} bytes that were signed")
        elif digest != sha256:
            faults.append(f"{name}: it was changed: its SHA-256 is not the one that was signed")
    faults += [
        f"{name}: it was added: the manifest does not name it"
        for name in names
        if name not in listed and name not in UNLISTED
    ]
    return Checked(key.fingerprint, tuple(faults), len(listed), read, manifest)


def _manifest(data: bytes) -> dict[str, Any]:
    """The manifest, if it has the shape of one."""
    document = json.loads(data)
    files = document.get("files") if isinstance(document, dict) else None
    sound = isinstance(files, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("bytes"), int)
        and isinstance(one.get("sha256"), str)
        for one in files
    )
    if not sound:
        raise ValueError(f"{MANIFEST} is no manifest of evidence")
    if document.get("format") != FORMAT:
        raise ValueError(f"{MANIFEST} has format {document.get('format')!r}, this RouteScope knows format {FORMAT}")
    assert isinstance(document, dict)
    return document


def _whole(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            data = file.read(LARGEST_MANIFEST + 1)
    except KeyError:
        raise ValueError(f"{name} is missing") from None
    if len(data) > LARGEST_MANIFEST:
        raise ValueError(f"{name} is far too large")
    return data


def _hash(archive: zipfile.ZipFile, name: str, size: int) -> tuple[int, str]:
    """Bytes and hash of a file; not read further than one byte beyond the size that was signed."""
    digest, read = hashlib.sha256(), 0
    with archive.open(name) as file:
        for chunk in _chunks(file):
            digest.update(chunk)
            read += len(chunk)
            if read > size:
                break
    return read, digest.hexdigest()


def _chunks(file: IO[bytes]) -> Any:
    while chunk := file.read(_CHUNK):
        yield chunk


def _decoded(signature: bytes) -> bytes:
    try:
        return base64.b64decode(signature.strip(), validate=True)
    except binascii.Error:
        return b""


def _digits(fingerprint: str) -> str:
    return "".join(character for character in fingerprint.lower() if character in "0123456789abcdef")
