from __future__ import annotations

import json

from telemetry.text import clean, from_json, to_json


def test_nul_and_lone_surrogates_become_the_replacement_character():
    assert clean("a\0b\ud800c\udfffd") == "a\ufffdb\ufffdc\ufffdd"


def test_sound_text_is_unchanged():
    for text in ("", "plain", "naïve café", "日本語 🎉", "\x1b[31mred\x1b[0m"):
        assert clean(text) == text


def test_json_of_what_json_cannot_hold_is_still_json():
    value = {"nan": float("nan"), "bytes": b"\xff\x00", "object": object, 3: (1, 2)}
    read = json.loads(to_json(value))
    assert read["nan"] is None
    assert read["3"] == [1, 2]
    assert "object" in read["object"]


def test_a_structure_without_end_does_not_end_the_writer():
    endless: list[object] = []
    endless.append(endless)
    assert json.loads(to_json(endless))


def test_broken_json_reads_as_the_default():
    assert from_json("{not json", {}) == {}
    assert from_json(None, []) == []
    assert from_json("[1]", {}) == {}, "a list is no object"


def test_escapes_do_not_bring_hostile_characters_back():
    assert from_json('{"a\\u0000": ["\\ud800"]}', {}) == {"a\ufffd": ["\ufffd"]}
