"""A rubric says what a judge has to send back, and reads nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.validators.json_schema import find_fault
from router_core.validators.rubric import Criterion, Rubric, Verdict, make_rubric, read_rubric

TOML = """
rubric = "Grade an answer to a customer."
[[criteria]]
name = "correct"
description = "Every statement follows."
weight = 3
[[criteria]]
name = "kind"
description = "It is friendly."
"""


def written(folder: Path, text: str, name: str = "rubric.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_markdown_file_is_a_rubric_of_one_grade(tmp_path: Path):
    rubric = read_rubric(written(tmp_path, "\ufeff# Good answers\nare short.\n", "good.md"), "key")
    assert rubric.words == "# Good answers\nare short."
    assert rubric.read('{"reason": " ok ", "grade": 8}') == Verdict(0.8, "ok")


def test_criteria_are_graded_by_themselves_and_weighed(tmp_path: Path):
    rubric = read_rubric(written(tmp_path, TOML), "key")
    assert rubric.criteria == (
        Criterion("correct", "Every statement follows.", 3.0),
        Criterion("kind", "It is friendly."),
    )
    assert "- correct: Every statement follows." in rubric.words
    assert rubric.read('```json\n{"reason": "so", "grades": {"correct": 10, "kind": 2}}\n```') == Verdict(0.8, "so")


@pytest.mark.parametrize("criteria", [(), (Criterion("a", "b"), Criterion("c", "d"))])
def test_its_example_fits_its_own_schema_and_is_read(criteria: tuple[Criterion, ...]):
    rubric = Rubric("good", criteria)
    assert find_fault(json.loads(rubric.example), rubric.schema) is None
    assert rubric.read(rubric.example) == Verdict(0.7, "one sentence")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "8",
        "It deserves 8 of 10.",
        '{"grade": 11, "reason": ""}',
        '{"grade": true}',
        '{"grade": "8"}',
        '{"grade": NaN}',
        '[{"grade": 8}]',
        'Sure: {"grade": 8}',
        '{"grade": 8} {"grade": 9}',
        '{"grade": 8, "grade": 0}',
    ],
)
def test_a_reply_that_is_no_verdict_is_none_and_not_zero(reply: str):
    assert Rubric("good").read(reply) is None


def test_a_criterion_that_was_not_graded_leaves_no_verdict():
    rubric = Rubric("good", (Criterion("a", "b"), Criterion("c", "d")))
    assert rubric.read('{"reason": "", "grades": {"a": 7}}') is None
    assert rubric.read('{"reason": "", "grades": [7, 7]}') is None
    assert rubric.read('{"reason": "", "grade": 7}') is None


def test_its_version_changes_with_what_it_says_alone():
    assert Rubric("a").version == Rubric("a").version != Rubric("b").version
    assert Rubric("a", (Criterion("x", "y"),)).version != Rubric("a", (Criterion("x", "y", 2.0),)).version


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rubric =", "not valid TOML"),
        ("rubric = 1", "rubric must be text"),
        ('rubric = " "', "it is empty"),
        ('rubric = "a"\nrules = 1', "no key 'rules'"),
        ('rubric = "a"\ncriteria = 3', "criteria a list"),
        ('rubric = "a"\n[[criteria]]\nname = "x"', "needs a name and a description"),
        ('rubric = "a"\n[[criteria]]\nname = "x"\ndescription = "y"\nweight = 0', "weight of criterion 1 is 0"),
        ('rubric = "a"\n[[criteria]]\nname = "x"\ndescription = "y"\nmax = 5', "name, description and weight alone"),
        ('rubric = "a"\n' + '[[criteria]]\nname = "x"\ndescription = "y"\n' * 2, "the same name"),
        ('rubric = "a"\n' + "".join(f'[[criteria]]\nname = "{n}"\ndescription = "y"\n' for n in range(13)), "has 13"),
    ],
)  # fmt: skip
def test_a_broken_rubric_is_one_sentence_with_its_file(tmp_path: Path, text: str, problem: str):
    with pytest.raises(PolicyError, match=problem) as raised:
        read_rubric(written(tmp_path, text), "evaluation.evaluators.good.rubric_file")
    [fault] = raised.value.faults
    assert fault.file.endswith("rubric.toml")
    assert "\n" not in str(fault)


def test_a_rubric_that_cannot_be_read_names_the_reason(tmp_path: Path):
    with pytest.raises(PolicyError, match=r"cannot be read \(No such file"):
        read_rubric(tmp_path / "missing.md", "key")
    (tmp_path / "latin.md").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(PolicyError, match="not UTF-8"):
        read_rubric(tmp_path / "latin.md", "key")
    with pytest.raises(PolicyError, match="at most 50,000"):
        read_rubric(written(tmp_path, "x" * 50_001, "long.md"), "key")
    with pytest.raises(PolicyError, match="it is empty"):
        make_rubric("\n", "policy.toml", "key")
