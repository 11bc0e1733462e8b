from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.query.chains import chains
from telemetry.query.filters import Filters
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

Kept = Callable[..., sa.Engine]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A reader on a store of these decisions."""

    def keep(*decisions: Routed) -> sa.Engine:
        url = f"sqlite:///{tmp_path / 't.db'}"
        with Telemetry.open(url, home=tmp_path) as telemetry:
            for decision in decisions:
                emit(telemetry.tracer_provider.get_tracer("test"), decision)
        return open_reader(url)

    yield keep


def said(*scores: dict[str, object]) -> dict[str, str]:
    return {semconv.BRANCH_SCORES: json.dumps(list(scores))}


LOW = said({"validator": "v", "score": 0.2, "threshold": 0.5, "passed": False, "weight": None})
HIGH = said({"validator": "v", "score": 0.9, "threshold": 0.5, "passed": True, "weight": None})
PLAN = {
    semconv.CANDIDATES: json.dumps(
        [
            {"model": "small", "score": 1.0, "excluded_by": None},
            {"model": "barred", "score": 0.8, "excluded_by": "rule:no"},
            {"model": "twin", "score": 1.0, "excluded_by": None},
            {"model": "large", "score": 0.5, "excluded_by": None},
        ]
    )
}


def test_a_step_costs_what_led_to_its_answer_and_what_judged_it(kept: Kept):
    attempts = (
        Attempt("calculator", "tool", "rejected", 0, extra=LOW),
        Attempt("small", outcome="failed", cost_nano=1),
        Attempt("small", outcome="rejected", cost_nano=10, extra=LOW),
        Attempt("tiny", "probe", "compared", 100),
        Attempt("grader", "judge", "compared", 1_000),
        Attempt("large", outcome="failed", cost_nano=10_000),
        Attempt("large", cost_nano=100_000, extra=HIGH),
    )
    (chain,) = chains(kept(Routed("d", attempts=attempts)), Filters()).rows
    assert [(one.model, one.cost_nano, one.followed, one.given) for one in chain.answers] == [
        ("calculator", 0, True, False),
        ("small", 1_111, True, False),
        ("large", 110_000, False, True),
    ]
    assert (chain.tail_nano, chain.escalated) == (0, True)
    assert [(one.passed, one.scores[0].score) for one in chain.answers] == [(False, 0.2), (False, 0.2), (True, 0.9)]


def test_what_failed_after_the_last_answer_is_its_tail(kept: Kept):
    attempts = (
        Attempt("small", cost_nano=10, extra=LOW),
        Attempt("large", outcome="failed", cost_nano=7),
    )
    (chain,) = chains(kept(Routed("d", attempts=attempts)), Filters()).rows
    assert [(one.cost_nano, one.followed) for one in chain.answers] == [(10, True)]
    assert chain.tail_nano == 7


def test_an_unknown_cost_stays_unknown_for_its_step_alone(kept: Kept):
    attempts = (
        Attempt("small", outcome="rejected", cost_nano=None, extra=LOW),
        Attempt("large", cost_nano=5, extra=HIGH),
    )
    (chain,) = chains(kept(Routed("d", attempts=attempts)), Filters()).rows
    assert [one.cost_nano for one in chain.answers] == [None, 5]


def test_next_is_the_first_untried_model_of_a_lower_rank(kept: Kept):
    (chain,) = chains(kept(Routed("d", attempts=(Attempt("small", extra=HIGH),), extra=PLAN)), Filters()).rows
    assert chain.above(chain.answers[0]) == "large"
    assert chain.above(replace(chain.answers[0], model="large")) is None


def test_the_newest_come_first_and_no_more_than_asked_for(kept: Kept):
    reader = kept(*(Routed(f"d{n}", at=START + timedelta(minutes=n)) for n in range(5)))
    some = chains(reader, Filters(), limit=3)
    assert ([one.decision_id for one in some.rows], some.whole) == (["d4", "d3", "d2"], False)
    assert chains(reader, Filters(), limit=5).whole


def test_a_rare_filter_looks_no_further_back_than_any_other(kept: Kept):
    reader = kept(*(Routed(f"d{n}", at=START + timedelta(minutes=n), tenant=f"t{n % 2}") for n in range(6)))
    some = chains(reader, Filters(tenants=("t1",)), look=3)
    assert ([one.decision_id for one in some.rows], some.whole) == (["d5", "d3"], False)
    assert chains(reader, Filters(tenants=("t1",)), look=6).whole


def test_a_filter_on_models_means_the_one_that_was_tried_first(kept: Kept):
    attempts = (Attempt("small", outcome="rejected", extra=LOW), Attempt("large", extra=HIGH))
    reader = kept(Routed("d", attempts=attempts), Routed("e", attempts=(Attempt("large"),)))
    assert [one.decision_id for one in chains(reader, Filters(models=("small",))).rows] == ["d"]
    assert [one.decision_id for one in chains(reader, Filters(models=("large",))).rows] == ["e"]


@pytest.mark.parametrize("text", ["no JSON", "{}", "[1, null]", '[{"validator": "v"}]', '[{"threshold": 1e999}]'])
def test_broken_scores_are_no_scores(kept: Kept, text: str):
    extra = {semconv.CANDIDATES: text}
    reader = kept(Routed("d", attempts=(Attempt(extra={semconv.BRANCH_SCORES: text}),), extra=extra))
    (chain,) = chains(reader, Filters()).rows
    assert chain.answers[0].scores == () and chain.above(chain.answers[0]) is None


def test_an_empty_store_has_no_chains(empty: sa.Engine):
    found = chains(empty, Filters())
    assert (found.rows, found.whole) == ((), True)
