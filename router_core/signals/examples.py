"""The labelled sentences that this package brings along, to learn from and to be measured by."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeAlias

Example: TypeAlias = tuple[str, str]
"""Label and prompt."""


def read_examples(name: str) -> list[Example]:
    """The examples of a file in this package's data folder; ``\\n`` in a prompt is a line break."""
    lines = files("router_core.signals").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    return [(label, text.replace("\\n", "\n")) for label, text in pairs]
