"""Rows that a command removed or counted, in words."""

from __future__ import annotations

_NAMES = {
    "request": "decisions",
    "branch": "branches",
    "span": "spans",
    "content": "prompts and answers",
    "drift_run": "drift runs",
    "rollups": "rows of rollups",
    "spooled": "traces on spools",
}


def told_counts(removed: dict[str, int]) -> str:
    """Rows by table in words; tables without any are left out."""
    return ", ".join(f"{number:,} {_NAMES.get(name, name)}" for name, number in removed.items() if number)
