"""A package index in a folder, and model files made of wheels in it: the real pip serves them without a network."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import zipfile
from pathlib import Path

import pytest

from router_core.providers.catalog import ModelFile, Source, WheelPart, Wheels

CONTENT = bytes(range(256)) * 4000


def write_wheel(folder: Path, part: WheelPart, content: bytes) -> Path:
    """A minimal wheel that holds ``content`` at the part's place."""
    stem = part.package.replace("-", "_")
    info = f"{stem}-{part.version}.dist-info"
    files = {
        part.member: content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    path = folder / f"{stem}-{part.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def parts(count: int) -> tuple[WheelPart, ...]:
    return tuple(WheelPart(f"tiny-part{n}", "1.0", f"tiny_part{n}/part.bin") for n in range(1, count + 1))


def tiny_model(*sources: Source, content: bytes = CONTENT) -> ModelFile:
    """A model file of one megabyte, in two parts: each costs a run of pip, a second of processor time."""
    return ModelFile(
        name="tiny",
        file="tiny.gguf",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="none",
        quantisation="none",
        context_window=256,
        memory_bytes=2 * len(content),
        sources=sources or (Wheels(parts(2)),),
    )


def write_parts(folder: Path, content: bytes = CONTENT, count: int = 2) -> None:
    """``content`` cut into ``count`` wheels."""
    step = -(-len(content) // count)
    for number, part in enumerate(parts(count)):
        write_wheel(folder, part, content[number * step : (number + 1) * step])


def use_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip see this folder and nothing else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def with_hash_of(entry: ModelFile, content: bytes) -> ModelFile:
    return dataclasses.replace(entry, sha256=hashlib.sha256(content).hexdigest())
