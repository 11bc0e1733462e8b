from __future__ import annotations

from pathlib import Path

import pytest

from app.canary.prompts import CanaryError, example, read_set


def test_the_example_that_comes_with_the_product_is_enough_for_a_test():
    canaries = read_set(example())
    assert canaries.enough and len(canaries.calls()) == len(canaries.prompts) * canaries.repeats
    assert [prompt.name for prompt in canaries.calls()[: len(canaries.prompts)]] == [
        prompt.name for prompt in canaries.prompts
    ]


def test_lines_of_json_are_prompts_too(tmp_path: Path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"name": "a", "text": "one"}\n\n{"name": "b", "text": "two", "system": "be brief"}\n')
    canaries = read_set(path)
    assert [(one.name, one.text, one.system) for one in canaries.prompts] == [
        *(("a", "one", None), ("b", "two", "be brief"))
    ]
    assert canaries.models == () and not canaries.enough


BAD = {
    "nothing": ("x.toml", "", "prompts: field required"),
    "no toml": ("x.toml", "prompts = [", "no TOML"),
    "unknown key": ("x.toml", 'prompt = "x"', "prompt"),
    "no prompts": ("x.toml", "prompts = []", "prompts"),
    "twice": ("x.toml", '[[prompts]]\nname = "a"\ntext = "x"\n' * 2, "two prompts have the name 'a'"),
    "too often": ("x.toml", 'repeats = 999\n[[prompts]]\nname = "a"\ntext = "x"', "repeats"),
    "another format": ("x.toml", 'format = 2\n[[prompts]]\nname = "a"\ntext = "x"', "format"),
    "no json": ("x.jsonl", '{"name": "a", "text": "x"}\nthen this', "line 2 is no JSON"),
    "no object": ("x.jsonl", "[1]", "prompts.0"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_sentence_with_its_place(case: str, tmp_path: Path):
    name, text, said = BAD[case]
    (tmp_path / name).write_text(text)
    with pytest.raises(CanaryError) as caught:
        read_set(tmp_path / name)
    assert said in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path):
    (tmp_path / "x.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(CanaryError, match="byte 8 is no UTF-8"):
        read_set(tmp_path / "x.toml")
    with pytest.raises(CanaryError, match="cannot be read"):
        read_set(tmp_path / "none.toml")
