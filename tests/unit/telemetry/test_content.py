from __future__ import annotations

import json

import pytest

from telemetry.content import ContentPolicy
from telemetry.errors import RedactionMissing

MESSAGES = json.dumps([{"role": "user", "content": "my key is sk-123\nbye"}])


def test_off_keeps_nothing():
    assert ContentPolicy("off").keep(MESSAGES) is None


def test_hash_keeps_no_text_but_recognises_an_equal_prompt():
    one, two = ContentPolicy("hash").keep(MESSAGES), ContentPolicy("hash").keep(MESSAGES)
    assert one == two
    assert one is not None and one.text is None and len(one.sha256) == 64 and one.characters == len(MESSAGES)


def test_full_keeps_the_text_clean():
    kept = ContentPolicy("full").keep("a\0\ud800")
    assert kept is not None and kept.text == "a\ufffd\ufffd"


def test_redaction_sees_what_was_written_and_not_the_json_around_it():
    seen: list[str] = []

    def redact(text: str) -> str:
        seen.append(text)
        return text.replace("sk-123", "[key]")

    kept = ContentPolicy("redacted", redact).keep(MESSAGES)
    assert seen == ["my key is sk-123\nbye"]
    assert kept is not None and kept.text is not None
    assert json.loads(kept.text) == [{"role": "user", "content": "my key is [key]\nbye"}]


def test_redaction_reaches_text_that_is_no_json():
    kept = ContentPolicy("redacted", lambda text: text.replace("sk-123", "[key]")).keep("plain sk-123")
    assert kept is not None and kept.text == "plain [key]"


def test_a_redaction_that_fails_leaves_a_hash_and_never_the_text():
    def fails(text: str) -> str:
        raise RuntimeError(text)

    kept = ContentPolicy("redacted", fails).keep(MESSAGES)
    assert kept is not None and kept.mode == "hash" and kept.text is None


def test_the_hash_of_redacted_content_does_not_depend_on_what_was_taken_out():
    policy = ContentPolicy("redacted", lambda text: "[gone]")
    one, two = policy.keep("1234"), policy.keep("5678")
    assert one is not None and two is not None and one.sha256 == two.sha256


def test_redacted_without_a_function_is_refused_at_the_start():
    with pytest.raises(RedactionMissing, match="function"):
        ContentPolicy("redacted")


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="off, hash, redacted, full"):
        ContentPolicy("everything")  # type: ignore[arg-type]


def test_redaction_reaches_numbers_and_keys():
    messages = json.dumps([{"role": "user", "content": 4111111111111111, "note 4111111111111111": True}])
    kept = ContentPolicy("redacted", lambda text: text.replace("4111111111111111", "[card]")).keep(messages)
    assert kept is not None and kept.text is not None and "4111" not in kept.text
