from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.query.decision import DecisionDetail, decision
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from telemetry.storage.models import SPAN
from tests.traces import Attempt, Routed, emit


def stored(folder: Path, routed: Routed, **options: object) -> DecisionDetail:
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder, **options) as telemetry:  # type: ignore[arg-type]
        emit(telemetry.tracer_provider.get_tracer("test"), routed)
    found = decision(open_reader(url), routed.decision_id)
    assert found is not None
    return found


ESCALATED = Routed(
    "d1",
    prompt="why?",
    attempts=(Attempt("small", outcome="rejected", answer="no"), Attempt("large", answer="because", latency_ms=90)),
    extra={semconv.PARENT_DECISION_ID: "d0"},
)


@pytest.mark.parametrize("name", ["d2", "", "d", "d1'", "\0", "\ud800"])
def test_an_unknown_id_is_none(tmp_path: Path, name: str):
    stored(tmp_path, ESCALATED)
    assert decision(open_reader(f"sqlite:///{tmp_path / 't.db'}"), name) is None


def test_an_empty_store_has_no_decision(tmp_path: Path):
    assert decision(open_reader(f"sqlite:///{tmp_path / 'none.db'}"), "d1") is None


def test_the_document_tells_what_was_decided(tmp_path: Path):
    document = stored(tmp_path, ESCALATED).document
    assert document["decision_id"] == "d1" and document["parent_decision_id"] == "d0"
    assert document["created_at"] == "2026-03-02T09:30:00+00:00"
    assert document["chosen"] == "large" and document["escalated"] is True
    assert document["cost_usd"] == 2_400 / 1e9 and document["savings_usd"] == 2_600 / 1e9
    assert document["tags"] == ["nightly"]
    assert document["signals"] == {"intent": "chat", "words": 5}
    assert [verdict["rule"] for verdict in document["verdicts"]] == ["r"]
    first, second = document["branches"]
    assert (first["index"], first["model"], first["outcome"], first["started_ms"]) == (0, "small", "rejected", 1.0)
    assert (second["model"], second["started_ms"], second["latency_ms"], second["ttft_ms"]) == (
        "large",
        41.0,
        90.0,
        12.5,
    )
    assert second["scores"][0]["validator"] == "length" and second["finish_reason"] == "stop"


def test_the_waterfall_shows_every_span_in_order_below_its_parent(tmp_path: Path):
    spans = stored(tmp_path, ESCALATED).spans
    assert [(span.name, span.depth) for span in spans] == [
        ("route chat", 0),
        ("signals", 1),
        ("guard", 1),
        ("plan", 1),
        ("branch small", 1),
        ("branch large", 1),
    ]
    assert [span.start_ms for span in spans] == [0.0, 0.001, 0.001, 0.001, 1.0, 41.0]
    assert spans[0].duration_ms == 132.0 and spans[-1].duration_ms == 90.0
    assert spans[1].attributes == {"router.detail": "signals"}


def test_a_span_whose_parent_is_missing_hangs_under_the_root(tmp_path: Path):
    stored(tmp_path, ESCALATED)
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry, telemetry.engine.begin() as connection:
        connection.execute(sa.update(SPAN).where(SPAN.c.name == "plan").values(parent_span_id="gone"))
        connection.execute(sa.update(SPAN).where(SPAN.c.name == "guard").values(parent_span_id=SPAN.c.span_id))
    found = decision(open_reader(url), "d1")
    assert found is not None
    assert {span.name: span.depth for span in found.spans} == {
        "route chat": 0,
        **dict.fromkeys(("signals", "guard", "plan", "branch small", "branch large"), 1),
    }


def test_what_was_said_is_shown_when_it_was_kept(tmp_path: Path):
    content = stored(tmp_path, ESCALATED, content="full").content
    assert content is not None and content.mode == "full"
    assert [(turn.role, turn.text) for turn in content.prompt] == [("user", "why?")]
    assert [(answer.branch_index, answer.model, answer.turns[0].text) for answer in content.answers] == [
        (0, "small", "no"),
        (1, "large", "because"),
    ]


def test_a_hash_shows_that_something_was_said_but_not_what(tmp_path: Path):
    content = stored(tmp_path, ESCALATED, content="hash").content
    assert content is not None and content.mode == "hash"
    assert content.prompt == () and content.sha256 is not None and len(content.answers) == 2


def test_without_capture_there_is_no_content(tmp_path: Path):
    assert stored(tmp_path, ESCALATED).content is None


def test_broken_json_in_a_span_does_not_break_the_decision(tmp_path: Path):
    broken = Routed("d1", extra={semconv.SIGNALS: "{nope", semconv.VERDICTS: '{"a": 1}', semconv.CANDIDATES: "\0"})
    document = stored(tmp_path, broken).document
    assert (document["signals"], document["verdicts"], document["candidates"]) == ({}, [], [])
