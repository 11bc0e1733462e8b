from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.findings import MIN_CURRENT, Finding, benjamini_hochberg, judge, measure
from telemetry.drift.windows import Subject, Window, window_of

WEEK = date(2026, 3, 2)
SUBJECT = Subject("small", False)


def answers(rng: np.random.Generator, n: int, *, slower: float = 1.0, shorter: float = 1.0) -> Window:
    rows = []
    for _ in range(n):
        tokens = max(round(rng.lognormal(4.5, 0.5) * shorter), 1)
        rows.append(
            {
                "outcome": str(rng.choice(["accepted", "rejected", "failed"], p=[0.9, 0.07, 0.03])),
                "latency_ms": rng.lognormal(6.5, 0.4) * slower,
                "ttft_ms": rng.lognormal(5, 0.4),
                "output_tokens": tokens,
                "cost_nano": tokens * 600,
                "answer_characters": round(tokens * rng.uniform(4, 6)),
                "score": float(rng.choice([1.0, 0.0], p=[0.95, 0.05])),
                "finish_reason": str(rng.choice(["stop", "length"], p=[0.97, 0.03])),
                "intent": str(rng.choice(["chat", "code", "math"], p=[0.5, 0.3, 0.2])),
            }
        )
    return window_of(rows)


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.metric.name: finding.state for finding in findings}


def test_a_planted_change_is_found_in_its_metrics_and_in_no_other():
    rng = np.random.default_rng(5)
    findings = judge(measure(WEEK, SUBJECT, answers(rng, 2_000), answers(rng, 500, slower=1.5, shorter=0.7)))
    drifted = {name for name, state in states(findings).items() if state == "drift"}
    assert drifted == {"latency_ms", "output_tokens", "cost", "answer_characters"}


def test_a_significant_change_too_small_to_matter_is_no_drift():
    rng = np.random.default_rng(6)
    findings = judge(measure(WEEK, SUBJECT, answers(rng, 12_000), answers(rng, 5_000, slower=1.06)))
    latency = next(finding for finding in findings if finding.metric.name == "latency_ms")
    assert latency.q is not None and latency.q < 0.001
    assert latency.state == "ok" and latency.ratio < 1


def test_weeks_without_a_change_do_not_alarm():
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(40):
        alarms += sum(f.state == "drift" for f in judge(measure(WEEK, SUBJECT, answers(rng, 600), answers(rng, 150))))
    # All alarms are false here, so at most 1 % of the weeks may have one, 0.4 of 40: three or more has odds below 1 %.
    assert alarms <= 2


def test_too_few_values_are_no_answer():
    rng = np.random.default_rng(8)
    for n_reference, n in ((1_000, 1), (1, 1_000), (0, 1_000), (1_000, 0), (1_000, MIN_CURRENT - 1)):
        findings = judge(measure(WEEK, SUBJECT, answers(rng, n_reference), answers(rng, n)))
        assert set(states(findings).values()) == {"not_enough_data"}
        assert all(finding.q is None and finding.ratio == 0 for finding in findings)


def test_missing_and_impossible_numbers_do_not_count():
    rng = np.random.default_rng(9)
    current = answers(rng, 200)
    holes = window_of(
        [
            {
                "outcome": "accepted",
                "latency_ms": float("nan"),
                "ttft_ms": None,
                "output_tokens": None,
                "cost_nano": None,
                "answer_characters": 10,
                "score": float("inf"),
                "finish_reason": None,
                "intent": "chat",
            }
        ]
        * 200
    )
    by_name = states(judge(measure(WEEK, SUBJECT, current, holes)))
    missing = {"latency_ms", "ttft_ms", "output_tokens", "cost", "score", "finish_reason"}
    assert {name for name, state in by_name.items() if state == "not_enough_data"} == missing
    assert by_name["answer_characters"] == "drift"


def test_a_constant_column_that_moves_is_found_and_one_that_stays_is_not():
    rng = np.random.default_rng(10)
    reference, current = answers(rng, 300), answers(rng, 300)
    for window, score in ((reference, 1.0), (current, 0.5)):
        window.columns["score"] = np.full(300, score)
        window.columns["ttft_ms"] = np.full(300, 12.0)
    by_name = states(judge(measure(WEEK, SUBJECT, reference, current)))
    assert (by_name["score"], by_name["ttft_ms"]) == ("drift", "ok")


def test_the_adjustment_of_a_textbook_example():
    adjusted = benjamini_hochberg([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert benjamini_hochberg([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusting_keeps_the_order_and_never_makes_anything_more_certain(p_values: list[float]):
    adjusted = benjamini_hochberg(p_values)
    assert all(p <= q + 1e-12 and q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert all(a <= b + 1e-12 for a, b in zip(np.array(adjusted)[order], np.array(adjusted)[order][1:], strict=False))
