"""Every cell of a log is checked; a fault is one sentence with file, row, column and remedy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.replay.rows import LogRow, read_rows
from router_core.errors import ReplayError
from tests.logs import write_log

ROW = {"prompt": "2 + 2?", "model": "tiny", "score": 1, "cost_usd": 0.0012, "in_tokens": 4, "response": "4"}


def fault_of(path: Path) -> str:
    with pytest.raises(ReplayError) as raised:
        list(read_rows(path))
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "ndjson", "CSV"])
def test_all_formats_say_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log.{suffix}"
    written = write_log(
        tmp_path / f"log.{suffix.lower()}", [ROW, {**ROW, "score": 0, "cost_usd": None, "response": None}]
    )
    written.rename(path)
    first, second = read_rows(path)
    place = "line" if suffix in ("jsonl", "ndjson") else "row"
    assert first == LogRow(f"{place} 1", "2 + 2?", "tiny", 1.0, cost=1_200_000, in_tokens=4, response="4")
    assert second == LogRow(f"{place} 2", "2 + 2?", "tiny", 0.0, in_tokens=4)


def test_texts_of_many_lines_with_commas_and_quotes_survive_csv(tmp_path: Path) -> None:
    text = 'one, "two"\nthree; 4\u20ac'
    (row,) = read_rows(write_log(tmp_path / "log.csv", [{**ROW, "prompt": text, "response": text * 20_000}]))
    assert row.prompt == text
    assert row.response == text * 20_000


@pytest.mark.parametrize(("written", "score"), [("True", 1.0), ("false", 0.0), ("0.25", 0.25), (" 1 ", 1.0)])
def test_grades_may_be_truths_and_parts(tmp_path: Path, written: str, score: float) -> None:
    (row,) = read_rows(write_log(tmp_path / "log.csv", [{**ROW, "score": written}]))
    assert row.score == score


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("score", None, "it is empty; give a grade"),
        ("score", float("nan"), "it is empty; give a grade"),
        ("score", 1.5, "1.5 is no grade"),
        ("score", "right", "'right' is no grade"),
        ("score", float("inf"), "is no grade"),
        ("prompt", "", "the prompt is empty"),
        ("prompt", None, "None is no text"),
        ("prompt", 7, "7 is no text"),
        ("prompt", "a\0b", "NUL"),
        ("model", " ", "it is empty; name the model"),
        ("model", "a\x1b[31m", "control characters"),
        ("cost_usd", "cheap", "'cheap' is no number"),
        ("cost_usd", -0.1, "is no cost of a call"),
        ("cost_usd", float("inf"), "is no cost of a call"),
        ("in_tokens", 1.5, "is no count of tokens"),
        ("out_tokens", -1, "is no count of tokens"),
        ("in_tokens", "many", "is no count of tokens"),
        ("response", 4, "4 is no text"),
    ],
)
def test_a_bad_cell_is_told_with_its_place(tmp_path: Path, column: str, value: Any, problem: str) -> None:
    # JSON knows neither NaN nor infinity; Parquet does.
    name = "log.jsonl" if value is None or (value == value and value != float("inf")) else "log.parquet"
    path = write_log(tmp_path / name, [ROW, {**ROW, column: value}])
    assert re.match(rf"(row|line) 2, column {column}: .*{re.escape(problem)}", fault_of(path))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("log.txt", b"", "its name does not say its format"),
        ("log.jsonl", b'{"prompt": "p"\n', "line 1 is not JSON"),
        ("log.jsonl", b"\n[1]\n", "line 2 is not a JSON object"),
        ("log.jsonl", b'{"prompt": "\\ud800", "model": "m", "score": 1}\n', "line 1 is not JSON"),
        ("log.jsonl", b'{"prompt": "p", "model": "m", "scores": 1}\n', "no column 'score'"),
        ("log.csv", b"", "no column 'prompt' among no columns at all"),
        ("log.csv", b"question,model,score\n", "no column 'prompt' among question, model, score"),
        ("log.csv", b"prompt,model,score\na,b,1,2\n", "row 1 has more cells than the header"),
        ("log.csv", b"prompt,model,score\n\xff,b,1\n", "not UTF-8"),
        ("log.csv", b'prompt,model,score\n"a"b,c,1\n', "is not CSV"),
        ("log.parquet", b"PAR1 no", "cannot be read as Parquet"),
        ("log.parquet", b"", "cannot be read as Parquet"),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert problem in fault_of(path)


def test_a_misnamed_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"prompt": "p", "model": "m", "scores": 1}\n')
    assert fault_of(path).endswith("rename 'scores'")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    assert "there is no such file" in fault_of(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in fault_of(tmp_path / "folder.csv")
    (tmp_path / "folder.parquet").mkdir()
    assert "cannot be read" in fault_of(tmp_path / "folder.parquet")
    assert "there is no such file" in fault_of(tmp_path / "none.parquet")


def test_a_column_of_another_kind_is_no_fault_when_it_is_not_ours(tmp_path: Path) -> None:
    (row,) = read_rows(write_log(tmp_path / "log.parquet", [{**ROW, "extra": [1, 2], "gold": {"a": 1}}]))
    assert row.model == "tiny"
