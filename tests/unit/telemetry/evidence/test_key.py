"""The key that signs evidence."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from telemetry.errors import EvidenceError
from telemetry.evidence.key import NAME, PublicKey, SigningKey, known


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "not there yet"
    assert known(home) is None
    first = SigningKey.of_home(home).public.fingerprint
    assert SigningKey.of_home(home).public.fingerprint == first
    found = known(home)
    assert found is not None
    assert found.fingerprint == first
    assert stat.S_IMODE((home / NAME).stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == [NAME]


def test_whoever_starts_at_the_same_time_gets_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: SigningKey.of_home(tmp_path).public.fingerprint, range(16)))
    assert len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_a_signature_holds_for_the_very_bytes_and_this_key_alone(tmp_path: Path) -> None:
    key, other = SigningKey.of_home(tmp_path / "a"), SigningKey.of_home(tmp_path / "b")
    signature = key.sign(b"decisions")
    public = PublicKey.read(key.public.pem)
    assert public.signed(b"decisions", signature)
    assert not public.signed(b"decisionS", signature)
    assert not public.signed(b"decisions", other.sign(b"decisions"))
    assert not public.signed(b"decisions", b"short")


def test_a_fingerprint_can_be_read_to_somebody(tmp_path: Path) -> None:
    assert re.fullmatch(r"([0-9a-f]{8}:){7}[0-9a-f]{8}", SigningKey.of_home(tmp_path).public.fingerprint)


@pytest.mark.skipif(os.name != "posix", reason="permissions are told otherwise there")
def test_a_key_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    SigningKey.of_home(tmp_path)
    (tmp_path / NAME).chmod(0o640)
    with pytest.raises(EvidenceError, match=r"others than its owner may use this key.*chmod 600"):
        SigningKey.of_home(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_one_sentence_and_stays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    (tmp_path / NAME).chmod(0o600)
    with pytest.raises(EvidenceError, match="no Ed25519 key in PEM"):
        SigningKey.of_home(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content
    with pytest.raises(EvidenceError, match="no Ed25519 key"):
        PublicKey.read(content)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match=r"cannot be made .*; make its folder writable"):
        SigningKey.of_home(tmp_path / "file")
