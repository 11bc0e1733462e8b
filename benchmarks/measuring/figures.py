"""The figures that a benchmark ends with: one JSON list on standard output, the same for all of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TypedDict


class Figure(TypedDict):
    """One measured figure. ``ratio_to_limit`` of at most 1 keeps to the limit; ``peer`` is in the same unit."""

    name: str
    value: float
    unit: str
    limit: float | None
    peer: float | None
    ratio_to_peer: float | None
    ratio_to_limit: float | None
    n: int


def figure(
    name: str, value: float, unit: str, n: int, *, limit: float | None = None, peer: float | None = None
) -> Figure:
    """A figure of ``n`` measurements. A peer of 0 has no ratio."""
    return {
        "name": name,
        "value": _short(value),
        "unit": unit,
        "limit": None if limit is None else _short(limit),
        "peer": None if peer is None else _short(peer),
        "ratio_to_peer": _short(value / peer) if peer else None,
        "ratio_to_limit": None if limit is None else _short(value / limit),
        "n": n,
    }


def command(description: str | None) -> argparse.ArgumentParser:
    """The command line that every benchmark has; each adds its own arguments."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    return parser


def tell(figures: Sequence[Figure], *, only_json: bool, peer: str = "the peer") -> None:
    """Print a line for each figure to standard error, unless ``only_json``; then the JSON list to standard output."""
    width = max((len(one["name"]) for one in figures), default=0)
    for one in () if only_json else figures:
        beside = "" if one["ratio_to_peer"] is None else f"  {one['ratio_to_peer']:.2f} of {peer}"
        limit = "" if one["limit"] is None else f"  {one['ratio_to_limit']:.2f} of the limit {one['limit']:g}"
        print(f"{one['name']:<{width}}{one['value']:>12,.4g} {one['unit']}{beside}{limit}", file=sys.stderr)
    print(json.dumps(figures))


def _short(value: float) -> float:
    """Six digits, which is more than any clock here is worth."""
    return float(f"{value:.6g}")
