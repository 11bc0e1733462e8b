"""A log of answers by prompt: put into a temporary database first, so that memory does not grow with the file."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.replay.rows import LogRow, read_rows
from router_core.errors import ReplayError
from router_core.pricing import Nano, Price, Usage
from router_core.providers.replay import LoggedAnswer

_SCHEMA = """
CREATE TABLE prompt (id INTEGER PRIMARY KEY, key TEXT UNIQUE, prompt_id TEXT, text TEXT, dataset TEXT);
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE grade (
    prompt INTEGER, model INTEGER, score REAL, cost INTEGER, in_tokens INTEGER, out_tokens INTEGER, answered INTEGER,
    place TEXT, PRIMARY KEY (prompt, model)
) WITHOUT ROWID;
CREATE TABLE response (prompt INTEGER, model INTEGER, text TEXT, PRIMARY KEY (prompt, model));
"""


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """What the log holds of one model."""

    name: str
    rows: int
    responses: int
    """Rows that say what the model answered."""
    mean_cost: float | None
    """Nano-USD a call; None when a row does not say it."""


@dataclass(frozen=True, slots=True)
class LoggedPrompt:
    """One prompt, and what it is routed with. Its grades are kept elsewhere, so that no route can look at them."""

    prompt_id: str
    text: str
    answers: Mapping[str, LoggedAnswer]


@dataclass(frozen=True, slots=True)
class Grades:
    """Scores and costs of all models, shape (prompts, models); NaN where the log has none."""

    models: tuple[str, ...]
    scores: NDArray[np.float64]
    """0..1"""
    costs: NDArray[np.float64]
    """Nano-USD; whole numbers, exact up to 2**53."""
    datasets: tuple[str | None, ...] = ()
    """Of each prompt."""

    def of(self, model: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores and costs of one model."""
        column = self.models.index(model)
        return self.scores[:, column], self.costs[:, column]


class ReplayLog:
    """A log that was read. Close it to give its temporary file back."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self.models = self._summarise()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a Parquet, CSV or JSONL file.

        Raises:
            ReplayError: a fault of the file, with row, column and remedy.
        """
        # The empty name is a database of our own on disk, which the system removes with the connection.
        connection = sqlite3.connect("", isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.executescript(_SCHEMA)
            connection.execute("BEGIN")
            _Filling(path, connection).fill()
            connection.execute("COMMIT")
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary file back."""
        self._connection.close()

    def _summarise(self) -> dict[str, LoggedModel]:
        query = """
            SELECT name, count(*), sum(answered), CASE WHEN count(cost) = count(*) THEN avg(cost) END
            FROM grade JOIN model ON model.id = grade.model GROUP BY model.id ORDER BY model.id
        """
        return {row[0]: LoggedModel(*row) for row in self._connection.execute(query)}

    @property
    def prompts(self) -> int:
        """How many prompts there are."""
        return int(self._connection.execute("SELECT count(*) FROM prompt").fetchone()[0])

    def answered_by_all(self, models: Sequence[str], *, with_response: bool) -> list[int]:
        """Numbers of the prompts that every one of ``models`` answered, in the log's order."""
        marks = ", ".join("?" * len(models))
        condition = "AND answered" if with_response else ""
        query = f"""
            SELECT prompt FROM grade JOIN model ON model.id = grade.model
            WHERE name IN ({marks}) {condition} GROUP BY prompt HAVING count(*) = ? ORDER BY prompt
        """  # noqa: S608 (only question marks and a constant are put in)
        return [row[0] for row in self._connection.execute(query, (*models, len(models)))]

    def read(self, numbers: Sequence[int], models: Sequence[str]) -> Iterator[LoggedPrompt]:
        """The prompts with what ``models`` answered, one at a time."""
        marks = ", ".join("?" * len(models))
        query = f"""
            SELECT name, coalesce(response.text, ''), in_tokens, out_tokens, cost
            FROM grade JOIN model ON model.id = grade.model
            LEFT JOIN response ON response.prompt = grade.prompt AND response.model = grade.model
            WHERE grade.prompt = ? AND name IN ({marks})
        """  # noqa: S608 (only question marks are put in)
        for number in numbers:
            prompt_id, text = self._connection.execute(
                "SELECT prompt_id, text FROM prompt WHERE id = ?", (number,)
            ).fetchone()
            answers = {
                name: LoggedAnswer(said, Usage(incoming, outgoing), cost)
                for name, said, incoming, outgoing, cost in self._connection.execute(query, (number, *models))
            }
            yield LoggedPrompt(prompt_id, text, answers)

    def grades(self, numbers: Sequence[int], prices: Mapping[str, Price | None]) -> Grades:
        """Scores and costs of these prompts; where the log says no cost, that of the logged tokens at ``prices``."""
        names = tuple(self.models)
        rank = {number: place for place, number in enumerate(numbers)}
        scores = np.full((len(numbers), len(names)), np.nan)
        costs = np.full((len(numbers), len(names)), np.nan)
        query = "SELECT prompt, model, score, cost, in_tokens, out_tokens FROM grade"
        with closing(self._connection.execute(query)) as rows:
            for prompt, model, score, cost, incoming, outgoing in rows:
                place = rank.get(prompt)
                if place is None:
                    continue
                scores[place, model] = score
                known = cost if cost is not None else _priced(prices.get(names[model]), Usage(incoming, outgoing))
                if known is not None:
                    costs[place, model] = known
        query = "SELECT id, dataset FROM prompt"
        of_all = {number: dataset for number, dataset in self._connection.execute(query) if number in rank}
        return Grades(names, scores, costs, tuple(of_all[number] for number in numbers))


def _priced(price: Price | None, usage: Usage) -> Nano | None:
    return None if price is None else price.cost(usage, None)


class _Filling:
    """Puts rows into the database, and finds what contradicts itself."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._models: dict[str, int] = {}

    def fill(self) -> None:
        """Read the whole file."""
        for row in read_rows(self._path):
            prompt = self._prompt(row)
            model = self._model(row.model)
            try:
                self._connection.execute(
                    "INSERT INTO grade VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        prompt,
                        model,
                        row.score,
                        row.cost,
                        row.in_tokens,
                        row.out_tokens,
                        row.response is not None,
                        row.place,
                    ),
                )
            except sqlite3.IntegrityError:
                raise self._repeated(row, prompt, model) from None
            if row.response is not None:
                self._connection.execute("INSERT INTO response VALUES (?, ?, ?)", (prompt, model, row.response))
        if not self._models:
            raise ReplayError(f"{self._path}: it has no rows; give a log with at least one prompt")

    def _prompt(self, row: LogRow) -> int:
        # The text is part of what a prompt is: two texts under one id were not the same question.
        digest = hashlib.sha256(row.prompt.encode()).hexdigest()
        key = digest if row.prompt_id is None else f"{digest} {row.prompt_id}"
        found = self._connection.execute("SELECT id FROM prompt WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
        prompt_id = digest[:12] if row.prompt_id is None else row.prompt_id
        cursor = self._connection.execute(
            "INSERT INTO prompt (key, prompt_id, text, dataset) VALUES (?, ?, ?, ?)",
            (key, prompt_id, row.prompt, row.dataset),
        )
        return int(cursor.lastrowid or 0)

    def _model(self, name: str) -> int:
        if name not in self._models:
            self._models[name] = len(self._models)
            self._connection.execute("INSERT INTO model VALUES (?, ?)", (self._models[name], name))
        return self._models[name]

    def _repeated(self, row: LogRow, prompt: int, model: int) -> ReplayError:
        query = "SELECT place FROM grade WHERE prompt = ? AND model = ?"
        (place,) = self._connection.execute(query, (prompt, model)).fetchone()
        return ReplayError(
            f"{self._path}: {row.place}, column model: {row.model!a} answered this prompt in {place} already; "
            "keep one of them, or tell the prompts apart by prompt_id"
        )
