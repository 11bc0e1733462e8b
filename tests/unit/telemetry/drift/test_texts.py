from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telemetry.drift.texts import described, non_letters, sentences
from telemetry.drift.weeks import monday_of
from telemetry.drift.windows import Subject, Vocabulary, read_window
from telemetry.setup import Telemetry
from tests.traces import START, Attempt, Routed, emit


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("One.", 1),
        ("One. Two! Three?", 3),
        ("a line\nanother", 2),
        ("... ?!", 0),
        ("一。二。", 2),
        ("no end", 1),
    ],
)
def test_sentences_end_with_their_marks_and_with_lines(text: str, number: int):
    assert sentences(text) == number


def test_what_is_no_letter_is_counted_without_spaces():
    assert non_letters("ab 12") == 50
    assert non_letters("Größe 大") == 0
    assert non_letters("   ") == 0


@pytest.mark.parametrize("content", ["full", "off"])
def test_a_window_describes_the_answers_that_were_kept(content: str, tmp_path: Path):
    answers = ("One. Two.", "12 34", "")
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content=content) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number, answer in enumerate(answers):
            emit(tracer, Routed(f"d{number}", attempts=(Attempt(answer=answer),), prompt="Well?"))
        telemetry.sink.force_flush(20_000)
        with telemetry.engine.connect() as connection:
            window = read_window(connection, Subject("small", False), monday_of(START), Vocabulary())
            assert described(connection, ["nobody"]) == {}
    assert window.rows == 3
    if content == "off":
        assert "answer_sentences" not in window.numbers
        return
    known = window.numbers["answer_sentences"]
    assert sorted(known[~np.isnan(known)]) == [1.0, 2.0]
    assert 100.0 in window.numbers["answer_non_letters"]
