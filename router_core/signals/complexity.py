"""Complexity: how much there is to a prompt, from what can be counted in it, by a formula anybody can recompute.

Each part is ``count / (count + half)``: 0 without any, 1/2 at the count that it is halved by, towards 1 beyond.

    0.25 words (half at 150)   + 0.20 clauses (half at 8)           + 0.15 code (0 or 1)
    + 0.15 numbers (half at 8) + 0.15 reasoning words (half at 2)   + 0.10 further questions (half at 2)

It says how much is asked, not how hard it is: "prove the Riemann hypothesis" is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from router_core.signals.text import window, words_in

COMPLEXITY_CHARACTERS: Final = 8000
"""How much of the prompt clauses, questions and reasoning words are counted in, three quarters from its start."""

_CLAUSE_MARKS: Final = ".,;:!?\n\u3002\uff0c\uff1b\uff1a\uff01\uff1f\u3001"  # and those of Chinese and Japanese
_QUESTION_MARKS: Final = "?\uff1f"
_REASONING: Final = frozenset(
    word.encode()
    for word in (
        *("why", "because", "therefore", "hence", "prove", "proof", "derive", "explain", "compare", "contrast"),
        *("evaluate", "assess", "justify", "tradeoff", "tradeoffs", "analyse", "analyze", "analysis", "implications"),
        *("optimise", "optimize", "design", "plan", "strategy", "step", "pros", "cons", "consequences", "assuming"),
        *("suppose", "constraint", "constraints", "warum", "begründe", "vergleiche", "beweise", "erkläre", "plane"),
        *("pourquoi", "comparez", "démontre", "démontrez", "explique", "expliquez", "compara", "demuestra", "explica"),
    )
)


def complexity_of(prompt: str, words: int, numbers: int, *, code: bool, said: Sequence[bytes] | None = None) -> float:
    """0 to below 1, by the formula above; ``words`` and ``numbers`` as the other signals count them.

    ``said``: `words_in` of the prompt, where they are known and it is no longer than `COMPLEXITY_CHARACTERS`.
    """
    text = window(prompt, COMPLEXITY_CHARACTERS * 3 // 4, COMPLEXITY_CHARACTERS // 4)
    clauses = sum(map(text.count, _CLAUSE_MARKS))
    questions = sum(map(text.count, _QUESTION_MARKS))
    reasoning = sum(map(_REASONING.__contains__, words_in(text) if said is None else said))
    return round(
        0.25 * _part(words, 150)
        + 0.20 * _part(clauses, 8)
        + 0.15 * code
        + 0.15 * _part(numbers, 8)
        + 0.15 * _part(reasoning, 2)
        + 0.10 * _part(max(questions - 1, 0), 2),
        4,
    )


def _part(count: int, half: int) -> float:
    return count / (count + half)
