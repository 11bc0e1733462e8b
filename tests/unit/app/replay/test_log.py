"""A log by prompt: who answered what, at what price, and what contradicts itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.replay.log import ReplayLog
from router_core.errors import ReplayError
from router_core.pricing import TokenPrice, Usage
from router_core.providers.replay import LoggedAnswer
from tests.logs import rows, write_log

PROMPTS = [
    ("2 + 2?", {"tiny": "4", "twin": "4", "huge": "4"}, "4"),
    ("3 + 3?", {"tiny": "5", "twin": "6", "huge": "6"}, "6"),
    ("4 + 4?", {"tiny": "8", "huge": "8"}, "8"),
]


@pytest.fixture
def log(tmp_path: Path):
    with ReplayLog.open(write_log(tmp_path / "log.jsonl", rows(PROMPTS))) as opened:
        yield opened


def test_the_log_knows_its_models_and_their_mean_costs(log: ReplayLog) -> None:
    tiny = log.models["tiny"]
    assert (tiny.rows, tiny.responses, tiny.mean_cost) == (3, 3, 1_000_000)
    assert log.models["twin"].rows == 2
    assert log.prompts == 3


def test_only_prompts_that_all_models_answered_are_whole(log: ReplayLog) -> None:
    assert len(log.answered_by_all(["tiny", "twin", "huge"], with_response=True)) == 2
    assert len(log.answered_by_all(["tiny", "huge"], with_response=True)) == 3


def test_a_prompt_comes_with_answers_and_without_grades(log: ReplayLog) -> None:
    number = log.answered_by_all(["twin"], with_response=True)[0]
    (prompt,) = log.read([number], ["tiny", "twin"])
    assert prompt.text == "2 + 2?"
    assert prompt.answers == {
        "tiny": LoggedAnswer("4", Usage(3, 1), 1_000_000),
        "twin": LoggedAnswer("4", Usage(3, 1), 2_000_000),
    }
    assert not {"score", "scores", "grades"} & set(dir(prompt))


def test_grades_are_nan_where_the_log_has_none(log: ReplayLog) -> None:
    grades = log.grades(log.answered_by_all(["tiny"], with_response=True), {})
    scores, costs = grades.of("twin")
    assert scores[:2].tolist() == [1.0, 1.0]
    assert np.isnan(scores[2]) and np.isnan(costs[2])
    assert grades.of("tiny")[0].tolist() == [1.0, 0.0, 1.0]


def test_costs_that_the_log_lacks_come_from_its_tokens_at_the_policys_price(tmp_path: Path) -> None:
    written = [{**row, "cost_usd": None} for row in rows(PROMPTS)]
    with ReplayLog.open(write_log(tmp_path / "log.csv", written)) as log:
        assert log.models["tiny"].mean_cost is None
        grades = log.grades([1], {"tiny": TokenPrice(Decimal(1), Decimal(2))})
    assert grades.of("tiny")[1].tolist() == [3 * 1000 + 1 * 2000]
    assert np.isnan(grades.of("huge")[1]).all()


def test_a_row_that_comes_twice_is_a_fault_with_both_places(tmp_path: Path) -> None:
    written = rows(PROMPTS)
    with pytest.raises(ReplayError, match=r"line 9, column model: 'twin' answered this prompt in line 2 already"):
        ReplayLog.open(write_log(tmp_path / "log.jsonl", [*written, written[1]]))


def test_prompt_ids_tell_equal_prompts_apart_and_never_join_different_ones(tmp_path: Path) -> None:
    base = {"model": "tiny", "score": 1, "response": "x"}
    written = [
        {**base, "prompt_id": "1", "prompt": "hi"},
        {**base, "prompt_id": "2", "prompt": "hi"},
        {**base, "prompt_id": "2", "prompt": "hello"},
    ]
    with ReplayLog.open(write_log(tmp_path / "log.jsonl", written)) as log:
        assert [prompt.text for prompt in log.read([1, 2, 3], ["tiny"])] == ["hi", "hi", "hello"]


def test_a_log_without_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("prompt,model,score\n")
    with pytest.raises(ReplayError, match="it has no rows"):
        ReplayLog.open(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    import tracemalloc

    def peak(count: int) -> int:
        written = [
            {"prompt": f"question {number}", "model": "tiny", "score": 1, "response": "x" * 20_000}
            for number in range(count)
        ]
        path = write_log(tmp_path / f"{count}.jsonl", written)
        del written
        tracemalloc.start()
        ReplayLog.open(path).close()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(800) < peak(100) + 1_000_000  # 14 MB more of text
