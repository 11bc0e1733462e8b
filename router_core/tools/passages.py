"""Documents cut into passages: one a heading of a Markdown file, one a few paragraphs of a text file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".md", ".txt"})
PASSAGE_CHARACTERS: Final = 1600
"""A longer section is cut at paragraphs."""

_HEADING: Final = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_FENCE: Final = re.compile(r"\s{0,3}(```|~~~)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can stand as an answer."""

    source: str
    """Path from the folder with an anchor: ``costs.md#how-savings-are-computed``."""
    heading: str
    text: str


def read_passages(folder: Path) -> list[Passage]:
    """All passages of the Markdown and text files under a folder, in the order of their paths."""
    found: list[Passage] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace").replace("\0", "")
            found += passages(path.relative_to(folder).as_posix(), text)
    return found


def passages(name: str, text: str) -> Iterator[Passage]:
    """The passages of one document called ``name``."""
    for heading, body in _sections(text) if name.lower().endswith(".md") else [("", text)]:
        source = f"{name}#{anchor(heading)}" if heading else name
        for piece in _pieces(body):
            yield Passage(source, heading, piece)


def anchor(heading: str) -> str:
    """The heading's anchor as GitHub makes it: lower case, hyphens for spaces, no other marks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Heading and what stands under it; a number sign inside a fence of code is no heading."""
    heading, lines, fenced = "", list[str](), False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        found = None if fenced else _HEADING.match(line)
        if found:
            yield heading, "\n".join(lines)
            heading, lines = re.sub(r"[`*]", "", found[2]), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _pieces(body: str) -> Iterator[str]:
    """Paragraphs together up to `PASSAGE_CHARACTERS`."""
    piece = ""
    for paragraph in re.split(r"\n[ \t]*\n", body):
        paragraph = paragraph.strip("\n").rstrip()
        if not paragraph.strip():
            continue
        if piece and len(piece) + len(paragraph) > PASSAGE_CHARACTERS:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{paragraph}" if piece else paragraph
    if piece:
        yield piece
