"""How many requests come through in a minute: a bucket that a minute fills.

A full bucket lets a minute's worth through at once, then one request each time that another drop has come. The generic
cell rate algorithm (ITU-T I.371), with a minute for its tolerance: all that has to be known of a bucket is when it will
be full again.
"""

from __future__ import annotations

from typing import Final

MINUTE_NS: Final = 60 * 1_000_000_000


def poured(full_at_ns: int, now_ns: int, per_minute: int) -> tuple[float, int]:
    """One more request: seconds that it has to wait, 0 when it comes through, and when the bucket is full again.

    ``full_at_ns``: as it was; 0 for a bucket that nobody has used. Both times are of one clock. Should that clock have
    been put back, nobody waits longer than a minute.
    """
    drop = MINUTE_NS // per_minute
    known = min(full_at_ns, now_ns + MINUTE_NS)
    full_at = max(known, now_ns) + drop
    over = full_at - now_ns - drop * per_minute
    return (over / 1e9, known) if over > 0 else (0.0, full_at)
