"""What an evaluator gets to see of an answer, and why of some it sees nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from router_core import semconv
from telemetry.content import ContentMode
from telemetry.query.cases import Case, case
from telemetry.setup import Telemetry
from tests.evaluations import scored
from tests.traces import Attempt, Routed, emit

PLAN = [
    {"model": "small", "score": 2.0, "excluded_by": None},
    {"model": "large", "score": 1.0, "excluded_by": None},
]
REJECTED = Attempt("small", outcome="rejected", answer="a draft", extra={semconv.BRANCH_SCORES: scored(0.2)})


def opened(folder: Path, *routed: Routed, content: ContentMode = "full") -> Iterator[Telemetry]:
    with Telemetry.open(
        f"sqlite:///{folder / 't.db'}", home=folder, content=content, redact=lambda text: text.replace("Anna", "[x]")
    ) as telemetry:
        for one in routed:
            emit(telemetry.tracer_provider.get_tracer("test"), one)
        assert telemetry.sink.force_flush(20_000)
        yield telemetry


def looked_at(folder: Path, routed: Routed, which: str = "given", content: ContentMode = "full") -> Case | str:
    for telemetry in opened(folder, routed, content=content):
        return case(telemetry.engine, routed.decision_id, which)  # type: ignore[arg-type]
    raise AssertionError


def test_an_answer_comes_with_its_prompt_its_model_and_its_scores(tmp_path: Path) -> None:
    routed = Routed("a", prompt=" Anna asks ", attempts=(REJECTED, Attempt("large", answer="the end")))
    given = looked_at(tmp_path, routed)
    assert isinstance(given, Case)
    assert (given.text, given.model, given.prompt, given.whole) == ("the end", "large", " Anna asks ", True)
    assert given.prompt_sha256 == hashlib.sha256(b"Anna asks").hexdigest()


def test_of_an_escalated_decision_the_first_answer_can_be_looked_at(tmp_path: Path) -> None:
    routed = Routed("a", prompt="p", attempts=(REJECTED, Attempt("large")))
    first = looked_at(tmp_path, routed, "rejected")
    assert isinstance(first, Case)
    assert (first.text, first.model, first.scores) == ("a draft", "small", scored(0.2))


@pytest.mark.parametrize(("answered", "stronger"), [("small", True), ("large", False)])
def test_it_says_whether_a_stronger_model_was_left(tmp_path: Path, answered: str, stronger: bool) -> None:
    extra = {semconv.CANDIDATES: json.dumps(PLAN)}
    found = looked_at(tmp_path, Routed("a", prompt="p", attempts=(Attempt(answered),), extra=extra))
    assert isinstance(found, Case) and found.stronger is stronger


def test_a_redacted_prompt_is_seen_and_is_not_whole(tmp_path: Path) -> None:
    found = looked_at(tmp_path, Routed("a", prompt="Anna asks"), content="redacted")
    assert isinstance(found, Case)
    assert (found.prompt, found.whole) == ("[x] asks", False)


@pytest.mark.parametrize(
    ("routed", "which", "content", "why"),
    [
        (Routed("a"), "given", "full", "was not kept"),
        (Routed("a", prompt="p"), "given", "hash", "only a hash was kept"),
        (Routed("a", prompt="p"), "rejected", "full", "has no rejected answer"),
        (Routed("a", prompt="p", extra={semconv.SIGNALS: '{"images": 1}'}), "given", "full", "holds images"),
        (
            Routed("a", prompt="p", attempts=(Attempt(extra={semconv.OUTPUT_MESSAGES: '[{"tool_calls": []}]'}),)),
            *("given", "full", "functions of the caller"),
        ),
    ],
    ids=["not kept", "hash", "no draft", "images", "functions"],
)
def test_what_cannot_be_judged_is_said_in_a_sentence(
    tmp_path: Path, routed: Routed, which: str, content: ContentMode, why: str
) -> None:
    found = looked_at(tmp_path, routed, which, content)
    assert isinstance(found, str) and why in found


def test_a_decision_that_is_gone_is_said(tmp_path: Path) -> None:
    for telemetry in opened(tmp_path):
        assert case(telemetry.engine, "a") == "the decision is no longer in the store"
