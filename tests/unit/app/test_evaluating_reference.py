"""Expected answers: read whole or refused with the line that is none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.evaluating.reference import read_references
from router_core.errors import PolicyError

KEY = "evaluation.evaluators.facts.file"


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "facts.jsonl"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_an_answer_is_found_by_the_prompt_or_by_its_hash(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"What is 6 x 7?").hexdigest()
    by_prompt = '{"prompt": " What is 6 x 7?\\n", "expected": 42}'
    by_hash = f'{{"prompt_sha256": "{digest.upper()}", "expected": ["forty-two"]}}'
    found = read_references(written(tmp_path, f"{by_prompt}\n\n{by_hash}\n"), KEY, "auto")
    assert found.expected(digest) == ("42", "forty-two")
    assert found.expected("0" * 64) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it holds no reference"),
        ("{", ":1: .*the line is not JSON"),
        ("[1]", "the line is not an object"),
        ('{"prompt": "a", "expected": "b"}\n{"prompt": "a"}', ":2: .*expected is missing"),
        ('{"prompt": "a", "expected": true}', "expected is missing"),
        ('{"prompt": "a", "expected": []}', "expected is missing"),
        ('{"expected": "b"}', "either a prompt, or a prompt_sha256"),
        ('{"prompt": "a", "prompt_sha256": "b", "expected": "b"}', "either a prompt, or"),
        ('{"prompt_sha256": "abc", "expected": "b"}', "64 hex digits"),
        (b"\xff\xfe", "not UTF-8"),
    ],
    ids=["empty", "json", "list", "missing", "true", "none", "no prompt", "both", "short hash", "latin"],
)
def test_a_line_that_is_no_reference_is_one_sentence_with_its_place(
    tmp_path: Path, text: str | bytes, problem: str
) -> None:
    with pytest.raises(PolicyError, match=problem) as raised:
        read_references(written(tmp_path, text), KEY, "auto")
    assert "\n" not in str(raised.value)


def test_an_expected_answer_holds_what_is_compared(tmp_path: Path) -> None:
    file = written(tmp_path, '{"prompt": "a", "expected": "many"}')
    with pytest.raises(PolicyError, match="the expected answer holds no number"):
        read_references(file, KEY, "number")
    with pytest.raises(PolicyError, match=r"cannot be read \(No such file"):
        read_references(tmp_path / "none.jsonl", KEY, "auto")
