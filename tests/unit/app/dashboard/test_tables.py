"""Tables say what there is to see and nothing twice; what is unknown is empty or said, never 0."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from telemetry.query.decisions import DecisionRow
from telemetry.query.overview import ModelTotals
from tests.rows import names_of, sent, tables_of

DECISION = DecisionRow(
    decision_id="d1",
    ts=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    route="chat",
    tenant="default",
    intent="code",
    language="en",
    status="ok",
    first="small",
    chosen="small",
    chosen_kind="model",
    branches=1,
    escalated=False,
    fell_back=False,
    cost_nano=1_200,
    baseline_nano=5_000,
    savings_nano=3_800,
    latency_ms=40.0,
    ttft_ms=12.5,
    score=0.9,
    reason="small answered: route chat tries small first.",
    purpose="user",
    simulated=False,
    error_type=None,
)
MODEL = ModelTotals(
    model="small",
    kind="model",
    branches=4,
    accepted=3,
    failed=1,
    cost_nano=1_000_000_000,
    cost_unknown=0,
    input_tokens=80,
    output_tokens=120,
    tokens_unknown=0,
    latency_p50_ms=1234.5678,
    latency_p95_ms=2.3456,
    ttft_p50_ms=None,
    ttft_p95_ms=None,
)


def decisions_page() -> None:
    import streamlit as st

    from app.dashboard import tables

    tables.decisions(st.session_state["rows"], key="test")


def models_page() -> None:
    import streamlit as st

    from app.dashboard import tables

    tables.models(st.session_state["rows"], {"small": "#123456"}, key="test")


def shown(page: object, *rows: object) -> dict[str, list[str]]:
    return tables_of(drawn(page, *rows))[0]


def drawn(page: object, *rows: object) -> AppTest:
    app = AppTest.from_function(page)  # type: ignore[arg-type]
    app.session_state["rows"] = list(rows)
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("more", "went"),
    [
        ({}, "small"),
        ({"first": "small", "chosen": "large"}, "small → large"),
        ({"first": "small", "chosen": "large", "fell_back": True}, "small ⇢ large"),
        ({"first": "small", "chosen": None}, "small → no answer"),
        ({"first": None, "chosen": None}, "no answer"),
        ({"first": None, "chosen": "large"}, "nothing ran → large"),
    ],
)
def test_where_a_request_went_is_told_in_a_cell(more: dict[str, object], went: str) -> None:
    assert list(shown(decisions_page, replace(DECISION, **more))["Went"]) == [went]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen", "reason", "why"),
    [
        ("small", "small answered: it is cheap.", "it is cheap."),
        ("small", "small answered after big failed.", "after big failed."),
        ("small", "small answered", "small answered"),
        (None, "No answer: the rule said no.", "the rule said no."),
        ("small", "another reason", "another reason"),
        (None, "", ""),
        ("m", "m answered: " + "x" * 180, "x" * 119 + "…"),
    ],
)
def test_the_reason_does_not_repeat_who_answered(chosen: str | None, reason: str, why: str) -> None:
    assert list(shown(decisions_page, replace(DECISION, chosen=chosen, reason=reason))["Why"]) == [why]


def test_unknown_money_and_an_answer_without_a_score_are_not_zero() -> None:
    frame = shown(decisions_page, replace(DECISION, cost_nano=None, savings_nano=None, score=None))
    assert [frame[title] for title in ("Cost", "Saved", "Score")] == [["unknown"], ["unknown"], [""]]


def test_the_time_is_that_of_utc_and_simulated_rows_say_so() -> None:
    frame = shown(decisions_page, replace(DECISION, simulated=True))
    assert frame["Time (UTC)"] == ["2026-03-02 09:30:00"]
    assert list(frame["Purpose"]) == ["user, simulated"]


def test_a_hostile_name_is_spelled_out() -> None:
    frame = shown(decisions_page, replace(DECISION, intent="a\u202eb", tenant="\x1b[31m"))
    assert (frame["Intent"], frame["Tenant"]) == (["a[U+202E]b"], ["␛[31m"])


def test_models_are_ordered_by_spend_and_an_unknown_spend_stays_unknown() -> None:
    cheap, unknown = replace(MODEL, model="cheap", cost_nano=1), replace(MODEL, model="odd", cost_nano=None)
    frame = shown(models_page, unknown, cheap, MODEL)
    assert list(frame["Model or tool"]) == ["small", "cheap", "odd"]
    assert frame["Spend"] == ["$1.00", "$0.000000001", "unknown"]


def test_what_is_sorted_by_a_click_is_the_number_and_not_its_words() -> None:
    table = sent(drawn(models_page, MODEL, replace(MODEL, model="odd", cost_nano=None)))[0]
    assert {one["title"]: one.get("sort") for one in table["columns"]}["Spend"] == [1_000_000_000, None]


def test_latencies_are_told_with_their_unit_and_unknown_ones_as_unknown() -> None:
    frame = shown(models_page, MODEL)
    assert (frame["p50"], frame["p95"], frame["First token p95"]) == (["1.23 s"], ["2.35 ms"], ["unknown"])


def test_the_share_of_accepted_branches_is_unknown_without_any() -> None:
    frame = shown(models_page, MODEL, replace(MODEL, model="idle", branches=0, accepted=0, cost_nano=0))
    assert frame["Accepted"] == ["75.0 %", "unknown"]


def test_a_decision_can_be_opened_in_a_tab_of_its_own() -> None:
    app = drawn(decisions_page, DECISION)
    assert names_of(app) == [["d1"]]
    assert sent(app)[0]["links"] == ["/decision?decision=d1"]


def test_costs_that_nobody_lacks_have_no_column_of_unknown_ones() -> None:
    assert "Unknown cost" not in shown(models_page, MODEL)
    assert shown(models_page, replace(MODEL, cost_unknown=2))["Unknown cost"] == ["2"]


def test_whose_request_it_was_is_told_where_not_all_are_users() -> None:
    assert "Purpose" not in shown(decisions_page, DECISION)
    assert shown(decisions_page, DECISION, replace(DECISION, purpose="canary"))["Purpose"] == ["user", "canary"]
