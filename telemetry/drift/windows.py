"""One model's branches in one week, as columns; real and simulated traffic, users and canaries never in one window."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from telemetry.drift import texts
from telemetry.drift.embedding import Embedder
from telemetry.drift.metrics import (
    ANSWER_EMBEDDING,
    ANSWERS,
    EMBEDDINGS,
    MAX_VALIDATORS,
    METRICS,
    PROMPT_EMBEDDING,
    TEXTS,
    VALIDATOR,
    Metric,
    of_validator,
)
from telemetry.drift.passages import ABSENT, Passages, half_of
from telemetry.drift.weeks import WEEK, monday_of_number, start_of, week_number
from telemetry.levels import BRANCHES, HOURS_A_DAY
from telemetry.storage.models import BRANCH, POLICY_VERSION, REQUEST
from telemetry.storage.rollups import BRANCH_DAY

Purpose: TypeAlias = Literal["user", "canary"]

KINDS: Final = ("model", "probe")
PURPOSES: Final[tuple[Purpose, ...]] = ("user", "canary")
ROWS_A_WEEK: Final = 5_000
"""More say nothing new: with 5,000 rows a normed Wasserstein distance is known to about 0.01."""
EMBEDDED: Final = 400
"""Texts of a kind in a window that become vectors."""
LENGTHS: Final = (64, 256, 1_024, 4_096)
"""Characters of a prompt at which the next bucket of lengths begins."""
MISSING: Final = -1
POLICIES: Final = 50

Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int32]

_NUMBERS: Final = {
    "latency_ms": "latency_ms",
    "ttft_ms": "ttft_ms",
    "output_tokens": "output_tokens",
    "cost": "cost_nano",
    "answer_characters": "answer_characters",
    "score": "score",
    "prompt_characters": "characters",
    "input_tokens": "input_tokens",
}
_LABELS: Final = {
    "finish_reason": "finish_reason",
    "version": "response_model",
    "intent": "intent",
    "language": "language",
    "route": "route",
}
_ANSWERED_NUMBERS: Final = frozenset(metric.name for metric in METRICS if metric.answers_only)


@dataclass(frozen=True, slots=True)
class Subject:
    """What has a window in each week."""

    model: str
    simulated: bool
    purpose: Purpose = "user"


@dataclass(slots=True)
class Vocabulary:
    """Numbers for labels, the same in all windows of a run."""

    refusals: frozenset[str] = frozenset()
    """Validators that look for refusals; besides, any that says so in its name."""
    labels: dict[str, list[str]] = field(default_factory=dict)
    _codes: dict[str, dict[str, int]] = field(default_factory=dict)

    def codes(self, column: str, values: Iterable[object | None]) -> Codes:
        """The numbers of a column's labels; MISSING for None."""
        known = self._codes.setdefault(column, {})
        names = self.labels.setdefault(column, [])
        found: list[int] = []
        for value in values:
            if value is None:
                found.append(MISSING)
                continue
            label = str(value)
            code = known.get(label)
            if code is None:
                code = known[label] = len(names)
                names.append(label)
            found.append(code)
        return np.asarray(found, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Window:
    """Row by row what each branch was like. Numbers are NaN and codes MISSING where a metric has nothing to say."""

    at: Numbers
    """Seconds since the epoch."""
    numbers: dict[str, Numbers]
    codes: dict[str, Codes]
    strata: NDArray[np.int64]
    """Intent, language and bucket of the prompt's length as one number."""
    decisions: NDArray[np.object_]
    passages: dict[str, Passages] = field(default_factory=dict)
    """Kept prompts and answers as vectors, by the metric that compares them."""

    @property
    def rows(self) -> int:
        """Branches."""
        return int(self.at.size)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The fixed ones, those of kept texts, then those of its validators."""
        of_texts = (metric for metric in TEXTS if metric.name in self.numbers)
        judged = (name.removeprefix(VALIDATOR) for name in self.numbers if name.startswith(VALIDATOR))
        embedded = (metric for metric in EMBEDDINGS if metric.name in self.passages)
        return (*METRICS, *of_texts, *embedded, *map(of_validator, judged))

    def take(self, chosen: NDArray[np.bool_]) -> Window:
        """Some of the rows."""
        return Window(
            self.at[chosen],
            {name: values[chosen] for name, values in self.numbers.items()},
            {name: values[chosen] for name, values in self.codes.items()},
            self.strata[chosen],
            self.decisions[chosen],
            {name: kept.take(chosen) for name, kept in self.passages.items()},
        )

    def passages_of(self, name: str) -> Passages:
        """The texts that a metric compares; none where nothing was kept."""
        return self.passages[name] if name in self.passages else Passages.absent(self.rows)

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Window:
        """Several weeks as one; without any, a window without rows."""
        if len(windows) == 1:
            return windows[0]
        if not windows:
            return window_of([], Vocabulary())
        names = dict.fromkeys(name for window in windows for name in window.numbers)
        codes = dict.fromkeys(name for window in windows for name in window.codes)
        kept = dict.fromkeys(name for window in windows for name in window.passages)
        return cls(
            _joined([window.at for window in windows], np.float64),
            {name: _joined([_numbers_of(window, name) for window in windows], np.float64) for name in names},
            {name: _joined([_codes_of(window, name) for window in windows], np.int32) for name in codes},
            _joined([window.strata for window in windows], np.int64),
            _joined([window.decisions for window in windows], np.object_),
            {name: Passages.of([window.passages_of(name) for window in windows]) for name in kept},
        )


def subjects_by_week(connection: sa.Connection) -> dict[date, dict[Subject, int]]:
    """Which models have how many branches in which weeks, by Monday; from the rollups."""
    columns = BRANCH_DAY.c
    statement = (
        sa.select(columns.day, columns.model, columns.simulated, columns.purpose, sa.func.sum(columns.branches))
        .where(
            columns.level == BRANCHES.covering(("model", "kind")),
            columns.kind.in_(KINDS),
            columns.purpose.in_(PURPOSES),
        )
        .group_by(columns.day, columns.model, columns.simulated, columns.purpose)
    )
    found: dict[date, Counter[Subject]] = {}
    for day, model, simulated, purpose, branches in connection.execute(statement):
        week = monday_of_number(week_number(day * HOURS_A_DAY))
        found.setdefault(week, Counter())[Subject(model, bool(simulated), purpose)] += int(branches)
    return {week: dict(counts) for week, counts in found.items()}


def refusal_validators(connection: sa.Connection) -> frozenset[str]:
    """Names of the validators that look for refusals, in the newest policies that were in force."""
    columns = POLICY_VERSION.c
    newest = sa.select(columns.toml).order_by(columns.first_seen.desc()).limit(POLICIES)
    found: set[str] = set()
    for text in connection.scalars(newest):
        try:
            validators = tomllib.loads(text).get("validators", {})
        except tomllib.TOMLDecodeError:
            continue
        entries = validators.items() if isinstance(validators, dict) else ()
        found.update(name for name, entry in entries if isinstance(entry, dict) and entry.get("kind") == "refusal")
    return frozenset(found)


def read_window(
    connection: sa.Connection,
    subject: Subject,
    monday: date,
    vocabulary: Vocabulary,
    *,
    embedder: Embedder | None = None,
    limit: int = ROWS_A_WEEK,
) -> Window:
    """A model's week; of a busy one a random sample, always the same (span ids are random).

    Args:
        connection: to the store.
        subject: whose week.
        monday: of the week.
        vocabulary: the run's.
        embedder: makes vectors of kept prompts and answers; without it there are none.
        limit: most rows.
    """
    columns = BRANCH.c
    start = start_of(monday)
    sampled = (
        sa.select(*(columns[name] for name in _OF_BRANCH))
        .where(
            columns.model == subject.model,
            columns.ts >= start,
            columns.ts < start + WEEK,
            columns.simulated == subject.simulated,
            columns.purpose == subject.purpose,
            columns.kind.in_(KINDS),
        )
        .order_by(columns.span_id)
        .limit(limit)
        .subquery()
    )
    asked = REQUEST.c
    statement = sa.select(sampled, asked.language, asked.characters, asked.span_id.label(_ASKED)).select_from(
        sampled.outerjoin(REQUEST, asked.decision_id == sampled.c.decision_id)
    )
    rows = connection.execute(statement.order_by(sampled.c.span_id)).mappings().all()
    window = window_of(rows, vocabulary)
    said = texts.answers(connection, [row["span_id"] for row in rows])
    # Only of complete answers: a failure's text tells of the failure.
    said = {
        row["span_id"]: said[row["span_id"]]
        for row in rows
        if row["span_id"] in said and row["outcome"] in ANSWERS and row["answer_characters"] is not None
    }
    if said:
        known = texts.described(said)
        for place, metric in enumerate(TEXTS):
            window.numbers[metric.name] = _numbers(
                known[row["span_id"]][place] if row["span_id"] in known else None for row in rows
            )
    if embedder is not None:
        heard = texts.prompts(connection, list(dict.fromkeys(row[_ASKED] for row in rows if row[_ASKED] is not None)))
        _embed(window, ANSWER_EMBEDDING, [said.get(row["span_id"]) for row in rows], embedder)
        _embed(window, PROMPT_EMBEDDING, [heard.get(row[_ASKED]) for row in rows], embedder)
    return window


def _embed(window: Window, name: str, kept: Sequence[str | None], embedder: Embedder) -> None:
    """Give a window the vectors of the first EMBEDDED texts; its rows are in a random order."""
    rows = [row for row, text in enumerate(kept) if text is not None][:EMBEDDED]
    if not rows:
        return
    places = np.full(len(kept), ABSENT, dtype=np.int32)
    places[rows] = np.arange(len(rows))
    halves = np.asarray([half_of(str(window.decisions[row])) for row in rows], dtype=bool)
    window.passages[name] = Passages(places, embedder.embed([str(kept[row]) for row in rows]), halves)


_ASKED: Final = "asked_span_id"

_OF_BRANCH: Final = (
    *("span_id", "decision_id", "start_ns", "route", "intent", "outcome", "score", "scores", "latency_ms", "ttft_ms"),
    *("cost_nano", "input_tokens", "output_tokens", "cache_read_tokens", "answer_characters", "finish_reason"),
    "response_model",
)


def window_of(rows: Sequence[Any], vocabulary: Vocabulary) -> Window:
    """Columns from rows: mappings of a branch's columns, and its request's ``language`` and ``characters``."""
    answered = np.asarray([row["outcome"] in ANSWERS for row in rows], dtype=bool)
    numbers = {name: _numbers(row[column] for row in rows) for name, column in _NUMBERS.items()}
    codes = {name: vocabulary.codes(name, (row[column] for row in rows)) for name, column in _LABELS.items()}
    judged = [_judged(row["scores"]) for row in rows]
    scores = [{one["validator"]: one["score"] for one in each} for each in judged]
    codes |= {
        "refused": vocabulary.codes("refused", map(partial(_refused, vocabulary.refusals), rows, judged)),
        "escalated": vocabulary.codes("escalated", (_yes(row["outcome"] == "rejected", "escalated") for row in rows)),
        "failed": vocabulary.codes("failed", (_yes(row["outcome"] == "failed", "failed") for row in rows)),
        "cached": vocabulary.codes("cached", map(_cached, rows)),
    }
    used = Counter(name for each in scores for name in each)
    for validator, _ in sorted(used.most_common(MAX_VALIDATORS)):
        numbers[VALIDATOR + validator] = _numbers(each.get(validator) for each in scores)
    strata = strata_of(codes["intent"], codes["language"], numbers["prompt_characters"])
    for name, values in numbers.items():
        if name in _ANSWERED_NUMBERS or name.startswith(VALIDATOR):
            values[~answered] = np.nan
    for metric in METRICS:
        if metric.kind == "categorical" and metric.answers_only:
            codes[metric.name][~answered] = MISSING
    at = np.asarray([row["start_ns"] / 1e9 for row in rows], dtype=np.float64)
    decisions = np.asarray([row["decision_id"] for row in rows], dtype=np.object_)
    return Window(at, numbers, codes, strata, decisions)


def strata_of(intent: Codes, language: Codes, characters: Numbers) -> NDArray[np.int64]:
    """Prompts that are alike in intent, language and length share a number."""
    lengths = np.digitize(np.nan_to_num(characters, nan=-1.0), (0, *LENGTHS))
    return (intent.astype(np.int64) * 10_000 + language) * 10 + lengths


def _judged(text: str) -> list[dict[str, Any]]:
    """What validators said of a branch; spans from elsewhere may say anything."""
    said = json.loads(text)
    return [each for each in said if _is_score(each)] if isinstance(said, list) else []


def _is_score(said: Any) -> bool:
    if not isinstance(said, dict) or not isinstance(said.get("validator"), str):
        return False
    return isinstance(said.get("score"), (int, float))


def _refused(refusals: frozenset[str], row: Any, judged: list[dict[str, Any]]) -> str | None:
    """What the validators of refusal said; None where there were none."""
    if row["finish_reason"] == "content_filter":
        return "refused"
    named = [one for one in judged if one["validator"] in refusals or "refus" in one["validator"].lower()]
    passed = [bool(one.get("passed")) for one in named]
    return _yes(not all(passed), "refused") if passed else None


def _cached(row: Any) -> str | None:
    cached = row["cache_read_tokens"]
    return None if cached is None else _yes(cached > 0, "cached")


def _yes(holds: bool, name: str) -> str:
    return name if holds else f"not {name}"


def _numbers(values: Iterable[Any]) -> Numbers:
    numbers = np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _joined(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _numbers_of(window: Window, name: str) -> Numbers:
    return window.numbers[name] if name in window.numbers else np.full(window.rows, np.nan)


def _codes_of(window: Window, name: str) -> Codes:
    return window.codes[name] if name in window.codes else np.full(window.rows, MISSING, dtype=np.int32)
