from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app import drift_words
from telemetry.query.drift import DriftFinding

FOUND = DriftFinding(
    **{"week": date(2026, 11, 9), "week_label": "2026-W46", "model": "small", "simulated": False, "purpose": "user"},
    **{"against": "trailing", "scope": "model", "part": "", "metric": "latency_ms", "unit": "ms", "cause": "model"},
    **{"ratio": 2.5, "q": 0.001, "n": 300, "n_reference": 900, "before": 412.0, "after": 290.0, "category": None},
    **{"changed": None, "changed_from": None, "changed_to": None},
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "412 ms → 290 ms (-30 %)"),
        ({"unit": "nano-USD", "before": 2e6, "after": 3e6}, "$0.002 → $0.003 (+50 %)"),
        ({"unit": "share", "metric": "refused", "category": "refused", "before": 0.01, "after": 0.05}, "1.0 % → 5.0 %"),
        ({"unit": "share", "category": "v2", "before": 0.0, "after": 1.0}, "v2 0.0 % → 100.0 %"),
        ({"unit": "score", "before": 0.5, "after": 0.25}, "0.50 → 0.25"),
        ({"unit": "per cent", "before": 10.0, "after": 20.0}, "10.0 % → 20.0 % (+100 %)"),
        ({"before": None}, ""),
    ],
    ids=["ms", "money", "rare", "category", "score", "per cent", "unknown"],
)
def test_what_moved_is_told_with_its_unit(change: dict[str, object], said: str):
    assert drift_words.moved(replace(FOUND, **change)) == said


def test_a_finding_is_one_line_and_hostile_names_stay_on_it():
    line = drift_words.line(replace(FOUND, model="a\nb", scope="route", part="chat", purpose="canary"))
    assert "\n" not in line
    assert line.endswith("route chat (canary): latency 412 ms → 290 ms (-30 %), 2.5 x the threshold; the model changed")


def test_validators_and_effects_have_names_in_words():
    assert drift_words.title("validator:no-refusal") == "score of no-refusal"
    assert drift_words.title("ttft_ms") == "time to first token"
    assert drift_words.title("some_metric") == "some metric"
