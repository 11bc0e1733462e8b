from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from telemetry.drift.windows import MISSING, Vocabulary, Window, refusal_validators, window_of
from telemetry.setup import Telemetry

ROW: dict[str, Any] = {
    **{"decision_id": "d", "start_ns": 10**18, "route": "chat", "intent": "chat", "outcome": "accepted"},
    **{"score": 1.0, "scores": "[]", "latency_ms": 10.0, "ttft_ms": None, "cost_nano": None, "input_tokens": 5},
    **{"output_tokens": 7, "cache_read_tokens": None, "answer_characters": 30, "finish_reason": "stop"},
    **{"response_model": None, "language": "en", "characters": 100},
}


def label(window: Window, vocabulary: Vocabulary, name: str) -> list[str | None]:
    names = vocabulary.labels[name]
    return [None if code == MISSING else names[code] for code in window.codes[name]]


def test_what_nobody_knows_is_missing_and_never_nothing():
    vocabulary = Vocabulary()
    window = window_of([ROW], vocabulary)
    assert np.isnan(window.numbers["cost"]).all() and np.isnan(window.numbers["ttft_ms"]).all()
    assert label(window, vocabulary, "cached") == label(window, vocabulary, "refused") == [None]
    assert label(window, vocabulary, "version") == [None]


def test_a_failed_branch_counts_as_failed_and_says_nothing_of_answers():
    vocabulary = Vocabulary()
    window = window_of([{**ROW, "outcome": "failed"}, ROW], vocabulary)
    assert label(window, vocabulary, "failed") == ["failed", "not failed"]
    assert label(window, vocabulary, "escalated") == [None, "not escalated"]
    assert list(np.isnan(window.numbers["latency_ms"])) == [True, False]
    assert label(window, vocabulary, "intent") == ["chat", "chat"]


def test_refusals_are_what_the_policys_validators_of_refusal_reject(tmp_path: Path):
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as telemetry:
        text = '[validators.polite]\nkind = "refusal"\n[validators.long]\nkind = "length"\n'
        telemetry.record_policy_version("v1", "p", text, "test", at=datetime(2026, 3, 2, tzinfo=UTC))
        telemetry.record_policy_version("v2", "p", "validators = 3", "test", at=datetime(2026, 3, 3, tzinfo=UTC))
        telemetry.record_policy_version("v3", "p", "no toml [", "test", at=datetime(2026, 3, 4, tzinfo=UTC))
        with telemetry.engine.connect() as connection:
            names = refusal_validators(connection)
    assert names == {"polite"}
    said = {name: {"validator": name, "score": 0.0, "passed": False} for name in ("polite", "long")}
    vocabulary = Vocabulary(names)
    rows = [{**ROW, "scores": json.dumps([one])} for one in said.values()]
    window = window_of([*rows, {**ROW, "finish_reason": "content_filter"}], vocabulary)
    assert label(window, vocabulary, "refused") == ["refused", None, "refused"]
    assert {"validator:polite", "validator:long"} <= set(window.numbers)


def test_scores_from_elsewhere_may_be_anything():
    odd = ['{"a": 1}', "[1, null]", '[{"validator": 3, "score": 1}]', '[{"validator": "x", "score": "high"}]', '"x"']
    window = window_of([{**ROW, "scores": text} for text in odd], Vocabulary())
    assert window.rows == len(odd)
    assert not [name for name in window.numbers if name.startswith("validator:")]


def test_windows_with_different_validators_can_be_joined():
    vocabulary = Vocabulary()
    score = [{"validator": "new", "score": 0.5, "passed": True}]
    both = Window.of([window_of([ROW], vocabulary), window_of([{**ROW, "scores": json.dumps(score)}], vocabulary)])
    assert list(np.isnan(both.numbers["validator:new"])) == [True, False]
    assert Window.of([]).rows == 0
