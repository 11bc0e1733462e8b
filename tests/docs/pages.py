"""Code blocks of Markdown pages, and the words of their shell lines."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block and where it stands."""

    page: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*languages: str, page: Path | None = None) -> list[Block]:
    """Blocks of these languages, in all pages or in one, in order."""
    found = []
    for place in PAGES if page is None else (page,):
        text = place.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match["language"] in languages:
                found.append(Block(place, text.count("\n", 0, match.start()) + 1, match["language"], match["code"]))
    return found


def shell_lines(block: Block) -> list[str]:
    """The commands of a block, continued lines joined; in a console block those after the prompt."""
    code = block.code.replace("\\\n", " ")
    lines = [line.strip() for line in code.splitlines()]
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line for line in lines if line and not line.startswith("#")]


def words(line: str) -> list[str]:
    """A command's words as the shell reads them, comments left out."""
    return shlex.split(line, comments=True)
