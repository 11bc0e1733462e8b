from __future__ import annotations

import numpy as np

from telemetry.drift.passages import ABSENT, Passages, half_of


def passages(*places: int) -> Passages:
    number = max(places, default=ABSENT) + 1
    vectors = np.arange(number, dtype=np.float32)[:, np.newaxis] + 10 * len(places)
    return Passages(np.array(places, dtype=np.int32), vectors, np.arange(number) % 2 == 1)


def said(kept: Passages) -> list[float | None]:
    return [None if place == ABSENT else float(kept.vectors[place, 0]) for place in kept.places]


def test_windows_one_after_the_other_keep_each_rows_text():
    parts = [passages(0, ABSENT, 1), Passages.absent(2), passages(1, 0)]
    assert said(Passages.of(parts)) == [30.0, None, 31.0, None, None, 21.0, 20.0]


def test_windows_without_any_text_have_none_together():
    together = Passages.of([Passages.absent(2), Passages.absent(1)])
    assert said(together) == [None] * 3
    assert together.compact().places.size == 0


def test_some_rows_keep_their_texts_and_halves():
    kept = passages(2, ABSENT, 0, 1).take(np.array([True, True, False, True]))
    assert said(kept) == [42.0, None, 41.0]
    compact = kept.compact()
    assert said(compact) == [42.0, 41.0]
    assert list(compact.halves) == [False, True]


def test_a_decision_is_always_in_the_same_half_and_halves_are_even():
    halves = [half_of(f"decision-{number}") for number in range(2_000)]
    assert halves == [half_of(f"decision-{number}") for number in range(2_000)]
    assert 900 < sum(halves) < 1_100
