"""Validators come from a policy's entries."""

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy import schema
from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer
from router_core.validators.build import build_validators

HERE = Path()
ENTRIES = {
    "no_refusal": schema.RefusalValidator(kind="refusal", threshold=0.4),
    "short": schema.LengthValidator(kind="length", max_words=2),
    "whole": schema.TruncationValidator(kind="truncation"),
    "json": schema.SchemaValidator(kind="schema", json_schema={"type": "integer"}),
    "form": schema.RegexValidator(kind="regex", must_match=("^[A-Z]",), ignore_case=True),
    "words": schema.ContainsValidator(kind="contains", must_not_contain=("TODO",)),
    "tongue": schema.LanguageValidator(kind="language", language="de"),
    "sure": schema.LogprobValidator(kind="logprob", on_unknown="pass"),
    "agree": schema.AgreementValidator(kind="agreement", probes=("tiny",), extract="number"),
    "again": schema.SelfConsistencyValidator(kind="self_consistency", samples=2),
    "judged": schema.JudgeValidator(kind="judge", model="strong", rubric="Be right.", on_error="pass"),
}
REQUEST = RouteRequest.from_prompt("How many?")


def test_each_entry_becomes_a_validator_with_its_name_and_threshold():
    built = build_validators(ENTRIES, HERE)
    assert {validator.name: validator.threshold for validator in built.values()} == {
        name: entry.threshold for name, entry in ENTRIES.items()
    }
    assert [name for name, validator in built.items() if validator.asking] == ["agree", "again", "judged"]


def test_their_settings_take_effect():
    built = build_validators(ENTRIES, HERE)
    answer, sibling = CompleteAnswer("1 2 3", "stop", "small"), CompleteAnswer("3", "stop", "tiny")
    assert built["short"].score(answer, (), REQUEST).value < 1
    assert built["json"].score(CompleteAnswer('"x"', "stop", "small"), (), REQUEST).value == 0
    assert built["form"].score(CompleteAnswer("anna", "stop", "small"), (), REQUEST).value == 1
    assert built["words"].score(CompleteAnswer("TODO", "stop", "small"), (), REQUEST).value == 0
    assert built["sure"].score(answer, (), REQUEST).passes_unknown
    assert built["agree"].score(answer, [Asked("tiny", sibling)], REQUEST).value == 1
    assert len(built["again"].asks(answer, REQUEST)) == 2
    assert built["judged"].score(answer, [Asked("strong", None, "it failed")], REQUEST).passes_unknown


def test_a_rubric_may_stand_in_a_file_beside_the_policy(tmp_path):
    (tmp_path / "rubric.txt").write_text("It must rhyme.", encoding="utf-8")
    entry = schema.JudgeValidator(kind="judge", model="strong", rubric_file="rubric.txt")
    (ask,) = build_validators({"judged": entry}, tmp_path)["judged"].asks(CompleteAnswer("a", "stop", "m"), REQUEST)
    assert ask.messages is not None
    assert "It must rhyme." in ask.messages[0].content


def test_all_that_cannot_be_made_is_told_at_once(tmp_path):
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\xff")
    entries: dict[str, schema.ValidatorEntry] = {
        "gone": schema.JudgeValidator(kind="judge", model="strong", rubric_file="gone.txt"),
        "empty": schema.JudgeValidator(kind="judge", model="strong", rubric_file="empty.txt"),
        "binary": schema.JudgeValidator(kind="judge", model="strong", rubric_file="binary.txt"),
        "own": schema.CustomValidator(kind="custom", name="nobody"),
    }
    with pytest.raises(PolicyError) as caught:
        build_validators(entries, tmp_path)
    assert [(fault.key, fault.problem) for fault in caught.value.faults] == [
        ("validators.gone.rubric_file", "it cannot be read (No such file or directory)"),
        ("validators.empty.rubric", "it is empty"),
        ("validators.binary.rubric_file", "it cannot be read (it is not UTF-8 text)"),
        ("validators.own.name", "no installed package offers 'nobody' (entry points of routescope.validators)"),
    ]
