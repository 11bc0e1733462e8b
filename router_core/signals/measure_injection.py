"""Measure the injection heuristics: ``python -m router_core.signals.measure_injection`` from the project's root.

Runs them on data/injections.tsv, prints precision and recall at some scores with 95 % intervals, and puts the same into
docs/signals.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from router_core.signals.evaluation import wilson
from router_core.signals.examples import Example, read_examples
from router_core.signals.injection import find_injection
from router_core.signals.text import unveil

SCORES: Final = (0.5, 0.6, 0.7, 0.8)
BEGIN: Final = "<!-- written by python -m router_core.signals.measure_injection -->"
END: Final = "<!-- end of injections -->"


def score_of(text: str) -> float:
    """The score of one message."""
    clean, hidden = unveil(text)
    return find_injection(text, clean, "\n".join(hidden)).score


def report(examples: Sequence[Example]) -> str:
    """Precision and recall at each of `SCORES`, as Markdown."""
    scored = [(label == "attack", score_of(text)) for label, text in examples]
    attacks = sum(attack for attack, _ in scored)
    lines = [
        f"{attacks} attacks and {len(scored) - attacks} harmless texts:",
        "",
        "| `min_injection` | of what it stops, attacks (precision) | of the attacks, stopped (recall) |",
        "|---:|---:|---:|",
    ]
    for least in SCORES:
        stopped = [attack for attack, score in scored if score >= least]
        lines.append(f"| {least} | {_share(sum(stopped), len(stopped))} | {_share(sum(stopped), attacks)} |")
    return "\n".join(lines)


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits} of {of} = {hits / of:.0%} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Measure and document."""
    found = report(read_examples("injections.tsv"))
    print(found)
    page = Path(__file__).parents[2] / "docs" / "signals.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        page.write_text(f"{head}{BEGIN}\n{found}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
