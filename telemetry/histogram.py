"""Latency histograms with logarithmic buckets, 32 to the octave, as a text that a database can concatenate.

A value v (milliseconds) falls into bucket floor(32 x log2(1024 v)): bucket 0 begins at 2^-10 ms, about a microsecond,
and 128 octaves are enough for anything. A bucket's bounds differ by a factor of 2^(1/32), and its geometric middle
stands for all values in it, so a percentile is off by at most 2^(1/64) - 1 = 1.09 % (values under 2^-10 ms count as
that).

As text, a histogram is a run of entries of 8 hex digits: 12 bits of bucket, 20 bits of count, sorted by bucket. Two
texts joined are the text of the merged histogram, not yet in canonical form: so a database merges any number of them
with its string aggregate, the same SQL everywhere.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKETS_PER_OCTAVE = 32
RELATIVE_ERROR = 2 ** (1 / (2 * BUCKETS_PER_OCTAVE)) - 1
"""Largest relative error of a percentile."""

Counts: TypeAlias = dict[int, int]
"""Bucket to number of values."""

SCORE_BUCKETS = 100
"""To the unit: scores have buckets of equal width, in the same text."""

_BUCKETS = 1 << 12
_UNITS_PER_MS = 1024
_MOST = (1 << 20) - 1
_DIGITS = 8
_ENTRY_BITS = 32
_PREFIX = 3
"""Of them, those of the bucket."""
_SPLICED = 3
"""Times as long as what comes to it a text has to be, for splicing to be faster than writing it anew."""
_REMEMBERED = 64
_MANY = 64
"""From this number of entries on numpy is faster."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What one of many histograms tells."""

    n: int
    percentiles: tuple[float | None, ...]
    """In the order of the shares that were asked for; None for an empty histogram."""
    beyond: int
    """Values in later buckets than the one that was named; 0 when none was."""


def bucket_of(value_ms: float) -> int:
    """The bucket of a duration in milliseconds; negative ones and NaN count as zero."""
    units = value_ms * _UNITS_PER_MS
    if not units > 1:
        return 0
    if units == math.inf:
        return _BUCKETS - 1
    return min(int(math.log2(units) * BUCKETS_PER_OCTAVE), _BUCKETS - 1)


def value_of(bucket: int) -> float:
    """The duration in milliseconds that stands for a bucket: its geometric middle."""
    return float(2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE) / _UNITS_PER_MS)


def score_bucket(score: float) -> int:
    """The bucket of a score: 0 to 100, a hundredth each, 1 alone in the last; what is outside counts as 0 or 1."""
    return int(min(score, 1.0) * SCORE_BUCKETS) if score > 0 else 0


def count(values_ms: Iterable[float]) -> Counts:
    """The histogram of some durations."""
    counts: Counts = {}
    for value in values_ms:
        bucket = bucket_of(value)
        counts[bucket] = counts.get(bucket, 0) + 1
    return counts


def add(into: Counts, other: Mapping[int, int]) -> None:
    """Merge ``other`` into ``into``."""
    for bucket, number in other.items():
        into[bucket] = into.get(bucket, 0) + number


def encode(counts: Mapping[int, int]) -> str:
    """The canonical text: equal histograms have equal texts."""
    if counts and min(counts.values()) > 0 and max(counts.values()) <= _MOST:
        return "".join([f"{bucket << 20 | counts[bucket]:08x}" for bucket in sorted(counts)])
    entries: list[str] = []
    for bucket in sorted(counts):
        number = counts[bucket]
        while number > 0:
            part = min(number, _MOST)
            entries.append(f"{bucket << 20 | part:08x}")
            number -= part
    return "".join(entries)


def decode(text: str) -> Counts:
    """The histogram of one text, or of several joined."""
    counts: Counts = {}
    for start in range(0, len(text), _DIGITS):
        entry = int(text[start : start + _DIGITS], 16)
        bucket = entry >> 20
        counts[bucket] = counts.get(bucket, 0) + (entry & _MOST)
    return counts


@lru_cache(_REMEMBERED)
def joined(text: str, more: str) -> str:
    """Two canonical texts as one, canonical again; cheap when ``more`` says little, and when it was just asked.

    A decision is counted in a dozen places, and where traffic is all of a kind the same is there already.
    """
    if not text:
        return more
    if len(more) > _DIGITS and len(more) * _SPLICED > len(text):
        both = decode(text)
        add(both, decode(more))
        return encode(both)
    for start in range(0, len(more), _DIGITS):
        text = _spliced(text, more[start : start + _DIGITS])
    return text


def less(text: str, part: str) -> str:
    """A canonical text without what was counted in it before, canonical again."""
    left = decode(text)
    add(left, {bucket: -number for bucket, number in decode(part).items()})
    return encode(left)


def percentiles(text: str | None, shares: Sequence[float]) -> list[float | None]:
    """Nearest-rank percentiles in milliseconds, within `RELATIVE_ERROR`; None for an empty histogram.

    Args:
        text: one text or several joined.
        shares: each in 0..1, as 0.95.
    """
    if not text:
        return [None for _ in shares]
    pairs = _sorted_pairs(text)
    upto = list(accumulate(number for _, number in pairs))
    ranks = (max(1, math.ceil(share * upto[-1])) for share in shares)
    return [value_of(pairs[bisect_left(upto, rank)][0]) for rank in ranks]


def summaries(texts: Sequence[str | None], shares: Sequence[float], *, bucket: int | None = None) -> list[Summary]:
    """What `total` and `percentiles` tell of each text, for many texts at once.

    Args:
        texts: each one text, or several joined.
        shares: each in 0..1, as 0.95.
        bucket: how many values lie beyond it is counted as well.
    """
    import numpy as np

    lengths = np.array([len(text or "") // _DIGITS for text in texts], dtype=np.int64)
    entries = _entries("".join(text or "" for text in texts))
    of = np.repeat(np.arange(len(texts)), lengths)
    # By text, and within it by bucket, which is what an entry begins with.
    entries = np.sort(of << _ENTRY_BITS | entries, kind="stable")
    buckets, numbers = entries >> 20 & _BUCKETS - 1, entries & _MOST
    # Counted on over all texts; a text's own count is the difference from where it begins.
    upto = np.concatenate(([0], np.cumsum(numbers)))
    ends = np.cumsum(lengths)
    before = upto[ends - lengths]
    totals = upto[ends] - before
    beyond = np.zeros(len(texts), dtype=np.int64)
    if bucket is not None:
        upto_beyond = np.concatenate(([0], np.cumsum(numbers * (buckets > bucket))))
        beyond = upto_beyond[ends] - upto_beyond[ends - lengths]
    found: list[Sequence[float | None]] = []
    for share in shares:
        ranks = np.maximum(1, np.ceil(share * totals).astype(np.int64))
        # An empty text has no place of its own.
        at = np.minimum(np.searchsorted(upto[1:], before + ranks), max(len(buckets) - 1, 0))
        reached = buckets[at] if len(buckets) else at
        values = _values()[reached].tolist()
        found.append([value if n else None for value, n in zip(values, totals.tolist(), strict=True)])
    columns = zip(*found, strict=True) if found else iter([()] * len(texts))
    return [Summary(*row) for row in zip(totals.tolist(), columns, beyond.tolist(), strict=True)]


def highest(texts: Sequence[str], limit: int) -> tuple[int, list[bool], list[bool]]:
    """Where the ``limit`` highest values of all texts lie, as closely as buckets tell.

    Returns:
        The bucket of the last of them, for each text whether it has values beyond that, and whether it has any in it.
        With fewer values than ``limit`` the bucket is the lowest that has any; -1 without values.
    """
    import numpy as np

    entries = _entries("".join(texts))
    if not len(entries):
        return -1, [False] * len(texts), [False] * len(texts)
    of = np.repeat(np.arange(len(texts)), [len(text) // _DIGITS for text in texts])
    buckets, numbers = entries >> 20, entries & _MOST
    from_top = np.cumsum(np.bincount(buckets, weights=numbers, minlength=_BUCKETS)[::-1])
    last = max(_BUCKETS - 1 - int(np.searchsorted(from_top, min(limit, from_top[-1]))), 0)
    beyond, within = np.zeros(len(texts), dtype=bool), np.zeros(len(texts), dtype=bool)
    beyond[of[buckets > last]] = True
    within[of[buckets == last]] = True
    return last, beyond.tolist(), within.tolist()


def reaching(texts: Sequence[str], bucket: int) -> list[bool]:
    """For each text whether it has values in this bucket or beyond it."""
    import numpy as np

    of = np.repeat(np.arange(len(texts)), [len(text) // _DIGITS for text in texts])
    found = np.zeros(len(texts), dtype=bool)
    found[of[_entries("".join(texts)) >> 20 >= bucket]] = True
    return found.tolist()


def lowest_of(bucket: int) -> float:
    """The milliseconds at which a bucket begins: no bound for the first, which takes all that is shorter too."""
    return _bound(bucket) if bucket > 0 else -math.inf


def total(text: str | None) -> int:
    """How many values one text, or several joined, have counted."""
    if not text:
        return 0
    if len(text) < _MANY * _DIGITS:
        return sum(int(text[start : start + _DIGITS], 16) & _MOST for start in range(0, len(text), _DIGITS))
    return int((_entries(text) & _MOST).sum())


def bands(text: str, *, per_octave: int = 2) -> list[tuple[float, float, int]]:
    """Lower bound, upper bound (both in milliseconds) and number of values, by coarser buckets, non-empty ones alone.

    Args:
        text: one text or several joined.
        per_octave: a divisor of `BUCKETS_PER_OCTAVE`.
    """
    width = BUCKETS_PER_OCTAVE // per_octave
    coarse: Counts = {}
    for bucket, number in _sorted_pairs(text):
        coarse[bucket // width] = coarse.get(bucket // width, 0) + number
    return [(_bound(band * width), _bound((band + 1) * width), number) for band, number in coarse.items()]


def _bound(bucket: int) -> float:
    return float(2 ** (bucket / BUCKETS_PER_OCTAVE) / _UNITS_PER_MS)


def _spliced(text: str, entry: str) -> str:
    """One entry more, at the place that bisection finds."""
    prefix = entry[:_PREFIX]
    low, high = 0, len(text) // _DIGITS
    while low < high:
        middle = (low + high) // 2
        at = middle * _DIGITS
        if text[at : at + _PREFIX] <= prefix:
            low = middle + 1
        else:
            high = middle
    end = low * _DIGITS
    last = end - _DIGITS
    if last < 0 or not text.startswith(prefix, last):
        return text[:end] + entry + text[end:]
    # Of several entries of a bucket only the last is not full.
    number = (int(text[last + _PREFIX : end], 16)) + (int(entry[_PREFIX:], 16))
    if number > _MOST:
        return text[:last] + encode({int(prefix, 16): number}) + text[end:]
    return f"{text[:last]}{prefix}{number:05x}{text[end:]}"


def _sorted_pairs(text: str) -> list[tuple[int, int]]:
    if len(text) < _MANY * _DIGITS:
        return sorted(decode(text).items())
    import numpy as np

    entries = _entries(text)
    totals = np.bincount(entries >> 20, weights=entries & _MOST)
    used = np.flatnonzero(totals)
    return list(zip(used.tolist(), totals[used].astype(np.int64).tolist(), strict=True))


@cache
def _values() -> NDArray[np.float64]:
    """`value_of` each bucket."""
    import numpy as np

    return np.array([value_of(bucket) for bucket in range(_BUCKETS)])


def _entries(text: str) -> NDArray[np.int64]:
    import numpy as np

    return np.frombuffer(bytes.fromhex(text), dtype=">u4").astype(np.int64)
