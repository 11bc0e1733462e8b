"""Facts as cells of the rollups: a cell is what one row of a rollup table holds, sums and histograms."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from operator import itemgetter
from typing import Any, TypeAlias

import orjson
import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import BRANCHES, HOURS_A_DAY, REQUESTS, SCORES, VERDICTS, Family
from telemetry.text import from_json

Row: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[Any, ...]
"""(hour or day, purpose, simulated, then every dimension of the family)."""

NS_PER_HOUR = 3_600_000_000_000
_FIRST_DIMENSION = 3
_REQUEST_NAMES, _BRANCH_NAMES = itemgetter(*REQUESTS.dimensions), itemgetter(*BRANCHES.dimensions)
_VALIDATOR = SCORES.dimensions.index("validator")
_SCORED_NAMES = itemgetter(*SCORES.dimensions[:_VALIDATOR], *SCORES.dimensions[_VALIDATOR + 2 :])
"""All but the validator's and its threshold, which are no columns of a branch."""
_RULE = VERDICTS.dimensions.index("rule")
_RULED_NAMES = itemgetter(*VERDICTS.dimensions[:_RULE], *VERDICTS.dimensions[_RULE + 2 :])
"""All but the rule's and what it did, which are no columns of a decision."""
_OUTCOME, _PASSED = '"outcome":', '"outcome":"passed"'
"""As the router writes verdicts: where all of them passed, as most do, nothing has to be parsed."""
_LONGEST_NAME = 255
_LONGEST_MS = 1e9
"""Nothing takes twelve days; a span that says so would spoil the sums of others."""


@dataclass(slots=True)
class Cell:
    """Sums and histograms, in the order that their family names them."""

    sums: list[int]
    histograms: list[histogram.Counts]

    def plus(self, other: Cell) -> Cell:
        """Both together, as a new cell."""
        joined = [dict(counts) for counts in self.histograms]
        for into, counts in zip(joined, other.histograms, strict=True):
            histogram.add(into, counts)
        return Cell(list(map(operator.add, self.sums, other.sums)), joined)

    def add(self, other: Cell) -> None:
        """Add another to this one."""
        self.sums = list(map(operator.add, self.sums, other.sums))
        for into, counts in zip(self.histograms, other.histograms, strict=True):
            histogram.add(into, counts)


Cells: TypeAlias = dict[Key, Cell]


def request_cells(rows: Iterable[Row]) -> Cells:
    """Decisions by hour and every dimension of `REQUESTS`."""
    return _cells((row, _REQUEST_NAMES(row), _request_cell(row)) for row in rows)


def branch_cells(rows: Iterable[Row]) -> Cells:
    """Branches by hour and every dimension of `BRANCHES`."""
    return _cells((row, _BRANCH_NAMES(row), _branch_cell(row)) for row in rows)


def score_cells(rows: Iterable[Row]) -> Cells:
    """The scores that branches got, by hour and every dimension of `SCORES`."""
    return _cells(
        (row, _score_names(row, score["validator"][:_LONGEST_NAME], score.get("threshold")), _score_cell(row, score))
        for row in rows
        for score in records(row["scores"])
        if isinstance(score, dict) and isinstance(score.get("validator"), str)
    )


def verdict_cells(rows: Iterable[Row]) -> Cells:
    """What rules did to decisions, by hour and every dimension of `VERDICTS`; what they let pass is left out."""
    return _cells(
        (row, _ruled_names(row, rule, outcome), Cell([1, removed], []))
        for row in rows
        if row["verdicts"].count(_OUTCOME) != row["verdicts"].count(_PASSED)
        for (rule, outcome), removed in _verdicts(row["verdicts"]).items()
    )


def by_day(cells: Cells) -> Cells:
    """Cells by hour, added up by UTC day."""
    return _joined(cells, lambda key: (key[0] // HOURS_A_DAY, *key[1:]))


def by_level(family: Family, table: sa.Table, cells: Cells) -> dict[int, Cells]:
    """The finest cells, added up for each level of the table."""
    *coarser, finest = family.kept_in(table)
    levels = {finest: cells}
    for number in reversed(coarser):
        kept = family.levels[number]
        # The latest found comes first: the coarsest of those that know enough has the fewest cells.
        parent = next(fine for fine in reversed(levels) if kept <= family.levels[fine])
        levels[number] = _joined(levels[parent], partial(shortened, family, number))
    return levels


def shortened(family: Family, level: int, key: Key) -> Key:
    """A key as a level keeps it: names that it does not are empty."""
    kept = family.levels[level]
    names = zip(family.dimensions, key[_FIRST_DIMENSION:], strict=True)
    return (*key[:_FIRST_DIMENSION], *(value if name in kept else "" for name, value in names))


def number_of(key: Key) -> int:
    """64 bits that stand for all names of a key, its time left out.

    Two keys of one level and hour would share a number once in 10^13 hours of a thousand cells each.
    """
    names = "\x1f".join(str(part) for part in key[1:])
    return int.from_bytes(blake2b(names.encode(), digest_size=8).digest(), "big", signed=True)


def _joined(cells: Cells, key_of: Callable[[Key], Key]) -> Cells:
    """Cells whose keys become equal are added up; what stands alone is shared, not copied."""
    joined: Cells = {}
    own: set[Key] = set()
    for key, cell in cells.items():
        key = key_of(key)
        there = joined.get(key)
        if there is None:
            joined[key] = cell
        elif key in own:
            there.add(cell)
        else:
            joined[key] = there.plus(cell)
            own.add(key)
    return joined


def _cells(facts: Iterable[tuple[Row, Sequence[str | None], Cell]]) -> Cells:
    """Cells of single facts, each with the names of its dimensions, added up."""
    cells: Cells = {}
    for row, names, cell in facts:
        key = (row["start_ns"] // NS_PER_HOUR, row["purpose"], row["simulated"], *[name or "" for name in names])
        there = cells.get(key)
        if there is None:
            cells[key] = cell
        else:
            there.add(cell)
    return cells


def _request_cell(row: Row) -> Cell:
    cost, discarded, savings = row["cost_nano"], row["discarded_nano"], row["savings_nano"]
    parts = _parts(row) if savings is not None else (0, 0, 0, 0)
    status = row["status"]
    sums = [
        1,
        row["branches"],
        int(row["escalated"]),
        int(row["fell_back"]),
        int(status == "failed"),
        int(status == "denied"),
        int(status == "cancelled"),
        int(row["chosen_kind"] == "tool"),
        cost or 0,
        int(cost is None),
        discarded or 0,
        int(discarded is None),
        0 if savings is None else row["baseline_nano"],
        *(parts or (0, 0, 0, 0)),
        int(parts is None),
        savings or 0,
        int(savings is not None),
        *_tokens(row),
        _tokens_unknown(row),
    ]
    return Cell(sums, [_one(row["latency_ms"]), _one(row["ttft_ms"])])


def _parts(row: Row) -> tuple[int, int, int, int] | None:
    """Probes, judges, retries, and what was discarded otherwise; None when one of them is unknown."""
    discarded, probes, judges, retries = (row[f"{name}_nano"] for name in ("discarded", "probe", "judge", "retry"))
    if discarded is None or probes is None or judges is None or retries is None:
        return None
    return probes, judges, retries, discarded - probes - judges - retries


def _branch_cell(row: Row) -> Cell:
    cost, outcome, latency_ms = row["cost_nano"], row["outcome"], row["latency_ms"]
    retried = row["attempt"] > 1
    tokens = row["output_tokens"]
    timed = row["kind"] != "tool" and (tokens or 0) > 0 and 0 < latency_ms < _LONGEST_MS
    sums = [
        1,
        *(int(outcome == one) for one in ("accepted", "rejected", "failed", "compared", "cancelled")),
        int(retried),
        cost or 0,
        int(cost is None),
        0 if outcome == "accepted" else cost or 0,
        (cost or 0) if retried else 0,
        *_tokens(row),
        row["cache_read_tokens"] or 0,
        _tokens_unknown(row),
        tokens if timed else 0,
        round(latency_ms * 1000) if timed else 0,
    ]
    return Cell(sums, [_one(latency_ms), _one(row["ttft_ms"]), _one(tokens / latency_ms * 1000 if timed else None)])


def records(text: str) -> list[Any]:
    """A JSON list as the router writes it, or an empty one."""
    if "\\" in text:
        # Escapes may bring what no database takes.
        return list(from_json(text, []))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return list(from_json(text, []))
    return found if isinstance(found, list) else []


def _score_names(row: Row, validator: str, threshold: Any) -> tuple[str | None, ...]:
    names = _SCORED_NAMES(row)
    known = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
    return (*names[:_VALIDATOR], validator, f"{threshold:.6g}" if known else "", *names[_VALIDATOR:])


def _ruled_names(row: Row, rule: str, outcome: str) -> tuple[str | None, ...]:
    names = _RULED_NAMES(row)
    return (*names[:_RULE], rule, outcome, *names[_RULE:])


def _verdicts(text: str) -> dict[tuple[str, str], int]:
    """How many models each rule removed in one way: one that spoke twice of a request did it once."""
    removed: dict[tuple[str, str], set[str]] = {}
    for verdict in records(text):
        if not isinstance(verdict, dict):
            continue
        rule, outcome, models = (verdict.get(name) for name in ("rule", "outcome", "models_removed"))
        if isinstance(rule, str) and isinstance(outcome, str) and outcome != "passed":
            them = removed.setdefault((rule[:_LONGEST_NAME], outcome[:_LONGEST_NAME]), set())
            them.update(map(str, models) if isinstance(models, list) else ())
    return {key: len(models) for key, models in removed.items()}


def _score_cell(row: Row, score: Mapping[str, Any]) -> Cell:
    value = score.get("score")
    bucket = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        bucket = histogram.score_bucket(value)
    passed = score.get("passed") is True
    sums = [1, int(bucket is None), int(passed), int(not passed and row["outcome"] == "rejected")]
    return Cell(sums, [{} if bucket is None else {bucket: 1}])


def _tokens(row: Row) -> tuple[int, int]:
    return row["input_tokens"] or 0, row["output_tokens"] or 0


def _tokens_unknown(row: Row) -> int:
    return int(row["input_tokens"] is None or row["output_tokens"] is None)


def _one(value: float | None) -> histogram.Counts:
    return {} if value is None else {histogram.bucket_of(value): 1}


_SHARED_COLUMNS = (
    *("start_ns", "route", "tenant", "intent", "risk", "data_class", "source", "policy_version"),
    *("purpose", "simulated", "status"),
    *("cost_nano", "input_tokens", "output_tokens", "latency_ms", "ttft_ms", "error_type"),
)
REQUEST_COLUMNS: Sequence[str] = (
    *_SHARED_COLUMNS,
    *("first", "chosen", "chosen_kind", "branches", "escalated", "fell_back", "discarded_nano"),
    *("probe_nano", "judge_nano", "retry_nano", "baseline_nano", "savings_nano", "verdicts"),
)
"""What `request_cells` and `verdict_cells` read."""
BRANCH_COLUMNS: Sequence[str] = (
    *_SHARED_COLUMNS,
    *("model", "kind", "tier", "location", "outcome", "attempt", "cache_read_tokens", "scores"),
)
"""What `branch_cells` and `score_cells` read."""
