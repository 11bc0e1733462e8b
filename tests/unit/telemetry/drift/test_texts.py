from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from telemetry.drift.embedding import CharacterGrams
from telemetry.drift.metrics import ANSWER_EMBEDDING, PROMPT_EMBEDDING
from telemetry.drift.texts import answers, non_letters, prompts, sentences
from telemetry.drift.weeks import monday_of
from telemetry.drift.windows import Subject, Vocabulary, read_window
from telemetry.setup import Telemetry
from telemetry.storage.models import CONTENT
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
    said = ("One. Two.", "12 34", "")
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content=content) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number, answer in enumerate(said):
            emit(tracer, Routed(f"d{number}", attempts=(Attempt(answer=answer),), prompt="Well?"))
        telemetry.sink.force_flush(20_000)
        with telemetry.engine.connect() as connection:
            window = read_window(connection, Subject("small", False), monday_of(START), Vocabulary())
            assert answers(connection, ["nobody"]) == {} == prompts(connection, [])
    assert window.rows == 3
    if content == "off":
        assert "answer_sentences" not in window.numbers
        return
    known = window.numbers["answer_sentences"]
    assert sorted(known[~np.isnan(known)]) == [1.0, 2.0]
    assert 100.0 in window.numbers["answer_non_letters"]


def test_of_a_conversation_the_prompt_is_what_the_user_said_last(tmp_path: Path):
    kept = {
        "several": [("user", "First?"), ("assistant", "Yes."), ("user", " Last? ")],
        "nobody asks": [("system", "Be brief.")],
    }
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content="full") as telemetry:
        rows = [
            {
                **{"span_id": name, "part": "input", "trace_id": name, "ts": datetime.now(UTC), "mode": "full"},
                **{"sha256": "", "characters": 1},
                "text": json.dumps([{"role": role, "content": text} for role, text in said]),
            }
            for name, said in kept.items()
        ]
        rows.append({**rows[0], "span_id": "no list", "text": '"broken"'})
        rows.append({**rows[0], "span_id": "only a hash", "text": None})
        with telemetry.engine.begin() as connection:
            connection.execute(sa.insert(CONTENT), rows)
        with telemetry.engine.connect() as connection:
            assert prompts(connection, [row["span_id"] for row in rows]) == {"several": "Last?"}


def test_kept_prompts_and_answers_become_vectors_of_their_rows(tmp_path: Path):
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number, answer in enumerate(("Yes, of course.", "")):
            emit(tracer, Routed(f"d{number}", attempts=(Attempt(answer=answer),), prompt=f"Prompt {number}?"))
        telemetry.sink.force_flush(20_000)
        with telemetry.engine.connect() as connection:
            subject, monday = Subject("small", False), monday_of(START)
            window = read_window(connection, subject, monday, Vocabulary(), embedder=CharacterGrams())
            without = read_window(connection, subject, monday, Vocabulary())
    said, heard = window.passages[ANSWER_EMBEDDING], window.passages[PROMPT_EMBEDDING]
    assert (said.known.sum(), heard.known.sum()) == (1, 2)
    assert window.decisions[said.known] == ["d0"]
    row = list(window.decisions).index("d1")
    assert np.array_equal(heard.vectors[heard.places[row]], CharacterGrams().embed(["Prompt 1?"])[0])
    assert without.passages == {}
