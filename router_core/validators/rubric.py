"""Rubrics: what makes an answer good, and what a judge has to send back.

A Markdown or text file is a rubric as it stands; the judge gives one grade. A TOML file may split it into criteria::

    rubric = "Grade an answer to a customer of the shop."
    [[criteria]]
    name = "correct"
    description = "Every statement follows from the conversation."
    weight = 2

The judge then grades each criterion, and the score is their weighted mean.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from router_core.errors import Fault, PolicyError
from router_core.validators.extract import NotJson, parse_json
from router_core.validators.judge import BEST_GRADE

MAX_CHARACTERS: Final = 50_000
MAX_CRITERIA: Final = 12
_GRADE: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 0, "maximum": BEST_GRADE}
_KNOWN: Final = {"rubric", "criteria"}
_KNOWN_OF_CRITERION: Final = {"name", "description", "weight"}
_REMEDY: Final = "see docs/evaluation.md for what a rubric file holds"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is graded by itself."""

    name: str
    description: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge's reply says."""

    score: float
    """0 to 1."""
    reason: str
    """In the judge's words: they may repeat what the answer says."""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What is asked of a judge."""

    text: str
    criteria: tuple[Criterion, ...] = ()

    @property
    def version(self) -> str:
        """First 12 hex digits of a hash: verdicts by other rubrics are not compared."""
        parts = [self.text, *(f"{one.name}\x1f{one.description}\x1f{one.weight:g}" for one in self.criteria)]
        return hashlib.sha256("\x1e".join(parts).encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def words(self) -> str:
        """What the judge reads."""
        lines = [f"- {one.name}: {one.description}" for one in self.criteria]
        return "\n".join([self.text, *(["", "Grade each of these by itself:"] if lines else []), *lines])

    @property
    def example(self) -> str:
        """A reply of the wanted form."""
        grades: dict[str, Any] = {"grades": {one.name: 7 for one in self.criteria}} if self.criteria else {"grade": 7}
        return json.dumps({"reason": "one sentence", **grades}, ensure_ascii=False)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON schema of a verdict."""
        properties: dict[str, Any] = {"reason": {"type": "string", "description": "one sentence"}}
        if self.criteria:
            names = [one.name for one in self.criteria]
            properties["grades"] = {
                "type": "object",
                "properties": {name: dict(_GRADE) for name in names},
                "required": names,
                "additionalProperties": False,
            }
        else:
            properties["grade"] = dict(_GRADE)
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def read(self, reply: str) -> Verdict | None:
        """The verdict of a reply that is one JSON object, bare or in a fence; None of anything else."""
        body = reply.strip()
        if not (body.startswith("{") and body.endswith("}")) and not (body.startswith("```") and body.endswith("```")):
            return None
        try:
            value = parse_json(body)
        except NotJson:
            return None
        if not isinstance(value, dict):
            return None
        score = self._score(value)
        reason = value.get("reason")
        return None if score is None else Verdict(score, reason.strip() if isinstance(reason, str) else "")

    def _score(self, value: Mapping[str, Any]) -> float | None:
        if not self.criteria:
            grade = _grade(value.get("grade"))
            return None if grade is None else grade / BEST_GRADE
        grades = value.get("grades")
        found = [_grade(grades.get(one.name)) if isinstance(grades, dict) else None for one in self.criteria]
        known = [(grade, one.weight) for grade, one in zip(found, self.criteria, strict=True) if grade is not None]
        if len(known) < len(self.criteria):
            return None
        return sum(grade * weight for grade, weight in known) / BEST_GRADE / sum(weight for _, weight in known)


def read_rubric(path: Path, key: str) -> Rubric:
    """The rubric in a file.

    Args:
        key: where the policy names the file, for the fault.

    Raises:
        PolicyError: the file cannot be read, or is no rubric.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        remedy = "correct the path (it is relative to the policy file)"
        raise _fault(path, key, f"it cannot be read ({why})", remedy) from None
    if len(text) > MAX_CHARACTERS:
        raise _fault(path, key, f"it has {len(text):,} characters", f"a rubric has at most {MAX_CHARACTERS:,}")
    return _of_toml(text, path, key) if path.suffix == ".toml" else make_rubric(text, path, key)


def make_rubric(text: str, place: Path | str, key: str) -> Rubric:
    """A rubric of one grade (PolicyError when it is empty)."""
    if not text.strip():
        raise _fault(place, key, "it is empty", "say in plain words what makes an answer good")
    return Rubric(text.strip())


def _of_toml(text: str, path: Path, key: str) -> Rubric:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _fault(path, key, f"it is not valid TOML ({error})", _REMEDY) from None
    if unknown := sorted(set(data) - _KNOWN):
        raise _fault(path, key, f"it has no key {unknown[0]!r}", f"use {' and '.join(sorted(_KNOWN))}")
    words, criteria = data.get("rubric"), data.get("criteria", [])
    if not isinstance(words, str) or not isinstance(criteria, list):
        raise _fault(path, key, "rubric must be text and criteria a list of tables", _REMEDY)
    if len(criteria) > MAX_CRITERIA:
        raise _fault(path, key, f"it has {len(criteria)} criteria", f"a judge keeps at most {MAX_CRITERIA} apart")
    made = tuple(_criterion(one, number, path, key) for number, one in enumerate(criteria, start=1))
    if len({one.name for one in made}) < len(made):
        raise _fault(path, key, "two criteria have the same name", "give each its own")
    return Rubric(make_rubric(words, path, key).text, made)


def _criterion(data: Any, number: int, path: Path, key: str) -> Criterion:
    place = f"criterion {number}"
    if not isinstance(data, dict) or set(data) - _KNOWN_OF_CRITERION:
        raise _fault(path, key, f"{place} may have name, description and weight alone", _REMEDY)
    name, description, weight = data.get("name"), data.get("description"), data.get("weight", 1)
    if not isinstance(name, str) or not name.strip() or not isinstance(description, str) or not description.strip():
        raise _fault(path, key, f"{place} needs a name and a description in words", _REMEDY)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1000:
        raise _fault(path, key, f"the weight of {place} is {weight!r}", "give a number above 0, at most 1000")
    return Criterion(name.strip(), description.strip(), float(weight))


def _grade(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= BEST_GRADE and math.isfinite(value) else None


def _fault(place: Path | str, key: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(str(place), key, problem, remedy)])
