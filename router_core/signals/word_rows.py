"""Rows of numbers that words stand for: worked out when a word is first seen, and remembered.

People use the same few thousand words over and over. What a linear model makes of a word is then a look into a
dictionary, ten times as quick as working it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

GENERATION: Final = 1 << 13
"""New words after which those are forgotten that have not been seen since as many before; twice as many are known."""
LONGEST: Final = 48
"""Longer words are not remembered: they hardly ever come back, and may be keys."""

_FIRST: Final = np.zeros(1, dtype=np.intp)

Word = TypeVar("Word", str, bytes)


class WordRows(Generic[Word]):
    """One model's rows. Safe for concurrent use: what two threads work out at once is the same."""

    def __init__(self, columns: int, work_out: Callable[[Sequence[Word]], NDArray[np.float32]]) -> None:
        """``work_out`` gives the rows of different words; shape (words, columns)."""
        self._columns = columns
        self._work_out: Callable[[Sequence[Word]], NDArray[np.float32]] = work_out
        self._known: dict[Word, bytes] = {}
        self._older: dict[Word, bytes] = {}

    def of(self, words: Sequence[Word]) -> NDArray[np.float32]:
        """The row of each word; shape (words, columns), not to be written to."""
        try:
            joined = b"".join(map(self._known.__getitem__, words))
        except KeyError:
            joined = b"".join(map(self._learnt(words).__getitem__, words))
        return np.frombuffer(joined, dtype=np.float32).reshape(-1, self._columns)

    def _learnt(self, words: Sequence[Word]) -> dict[Word, bytes]:
        """The rows of these words, of which some are new or have not been seen of late."""
        known, older = self._known, self._older
        rows = {word: known.get(word) or older.get(word, b"") for word in words}
        new = [word for word, row in rows.items() if not row]
        if new:
            data, size = self._work_out(new).tobytes(), 4 * self._columns
            rows.update({word: data[place * size : (place + 1) * size] for place, word in enumerate(new)})
        if len(known) > GENERATION:
            self._known, self._older = {}, known
            known = self._known
        known.update({word: row for word, row in rows.items() if len(word) <= LONGEST})
        return rows


def summed(each: NDArray[np.float32], owners: NDArray[np.intp], count: int) -> NDArray[np.float32]:
    """The sum of each owner's rows, 0 where one has none; ``each`` (k, columns), ``owners`` (k,) ascending.

    Shape (count, columns).
    """
    rows = np.zeros((count, each.shape[1]), dtype=np.float32)
    if len(owners):
        starts = np.concatenate((_FIRST, np.flatnonzero(owners[1:] != owners[:-1]) + 1))
        rows[owners[starts]] = np.add.reduceat(each, starts, axis=0)
    return rows
