"""The squares of the drift page as the rows of a file."""

from __future__ import annotations

from datetime import date

from app.panels.drift.weeks import rows_of
from telemetry.query.drift import DriftCell


def test_a_row_a_square_in_order_with_what_drifted_and_what_it_rests_on() -> None:
    later = DriftCell(date(2026, 11, 9), "2026-W46", "small", False, "drift", 2, 9, "latency_ms", 1.4, 120)
    early = DriftCell(date(2026, 11, 2), "2026-W45", "small", False, "ok", 0, 9, "refusal", 0.2, 110)
    head, *rows = rows_of([later, early])
    assert head[5] == "n (branches)"
    assert rows == [
        ("2026-W45", "small", "steady", 0, 9, 110, None),
        ("2026-W46", "small", "drifted", 2, 9, 120, "latency_ms"),
    ]
