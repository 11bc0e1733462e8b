"""The benchmark of queries asks every question that there is."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import sqlalchemy as sa

from benchmarks.measuring.questions import questions
from telemetry import query


def asked_of_an_engine() -> Iterator[Callable[..., Any]]:
    for found in pkgutil.iter_modules(query.__path__):
        module = import_module(f"{query.__name__}.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), None)
            if first == "engine" and function.__module__ == module.__name__ and not name.startswith("_"):
                yield function


def test_every_question_stands_in_the_benchmark(empty: sa.Engine):
    asked = {question.function for question in questions(empty)}
    left_out = [f"{one.__module__}.{one.__name__}" for one in asked_of_an_engine() if one not in asked]
    assert not left_out, "give each a line in benchmarks/measuring/questions.py"


def test_every_question_is_answered_by_an_empty_store(empty: sa.Engine):
    names = []
    for question in questions(empty):
        question.ask()
        names.append(question.name)
    assert len(names) == len(set(names)) > 100
