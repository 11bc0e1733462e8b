"""Numbers: how many a prompt holds. Arithmetic, tables and prices show here."""

from __future__ import annotations

import numpy as np

from router_core.signals.kinds import DIGIT, LETTER, SEPARATOR, Kinds


def count_numbers(text_kinds: Kinds) -> int:
    """Runs of digits outside words: ``1,234.50`` is one number, ``h2o`` holds none, a date holds three."""
    if DIGIT not in text_kinds.tobytes():
        return 0
    digit = text_kinds == DIGIT
    before = _shifted(text_kinds, 1)
    within = (before == SEPARATOR) & (_shifted(text_kinds, 2) == DIGIT)
    return int(np.count_nonzero(digit & (before != DIGIT) & (before != LETTER) & ~within))


def _shifted(text_kinds: Kinds, by: int) -> Kinds:
    """What stands ``by`` places before each character; nothing (0) before the first."""
    return np.concatenate((np.zeros(by, dtype=np.uint8), text_kinds))[: len(text_kinds)]
