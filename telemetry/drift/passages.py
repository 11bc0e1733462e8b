"""The texts of a window as vectors: of the rows that have one, each with the half of all decisions that it is in."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telemetry.drift.embedding import Matrix

ABSENT = -1


@dataclass(frozen=True, slots=True)
class Passages:
    """Prompts or answers of a window."""

    places: NDArray[np.int32]
    """Of each row of the window, the row of ``vectors``; ABSENT where no text was kept."""
    vectors: Matrix
    halves: NDArray[np.bool_]
    """Of each row of ``vectors``. A decision is wholly in one half: its branches share their prompt."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows of the window with a text."""
        there: NDArray[np.bool_] = self.places != ABSENT
        return there

    def take(self, chosen: NDArray[np.bool_]) -> Passages:
        """Those of some of the window's rows."""
        return Passages(self.places[chosen], self.vectors, self.halves)

    def compact(self, chosen: NDArray[np.bool_] | None = None) -> Passages:
        """Only those that there are, of all rows or of some: a place for each vector."""
        wanted = self.known if chosen is None else self.known & chosen
        places = self.places[wanted]
        return Passages(np.arange(places.size, dtype=np.int32), self.vectors[places], self.halves[places])

    @classmethod
    def absent(cls, rows: int) -> Passages:
        """Of a window without any text."""
        nothing = np.empty((0, 0), dtype=np.float32)
        return cls(np.full(rows, ABSENT, dtype=np.int32), nothing, np.empty(0, dtype=bool))

    @classmethod
    def of(cls, parts: Sequence[Passages]) -> Passages:
        """Those of several windows, in their order."""
        filled = [part for part in parts if part.vectors.size]
        if not filled:
            return cls.absent(sum(part.places.size for part in parts))
        places, before = [], 0
        for part in parts:
            places.append(np.where(part.known, part.places + before, ABSENT).astype(np.int32))
            before += len(part.vectors) if part.vectors.size else 0
        return cls(
            np.concatenate(places),
            np.concatenate([part.vectors for part in filled]),
            np.concatenate([part.halves for part in filled]),
        )


def half_of(decision_id: str) -> bool:
    """In which half of all decisions one is: like a coin, but always the same one."""
    return bool(zlib.crc32(decision_id.encode("utf-8", "replace")) & 1)
