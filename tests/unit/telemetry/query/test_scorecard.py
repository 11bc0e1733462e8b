"""What evaluators say, beside what the decisions cost: by route and week, by validator, against people and shadows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.evaluation import Opinion, keep, record
from telemetry.query.calibration import calibrations
from telemetry.query.escalation_need import escalation_need
from telemetry.query.filters import Filters
from telemetry.query.judges import judge_agreements, to_label
from telemetry.query.paired import Pairs
from telemetry.query.scorecard import evaluators, scorecard, verdicts, weekly
from telemetry.query.shadows import shadow_comparisons
from telemetry.setup import Telemetry
from tests.evaluations import judged, scored
from tests.traces import START, Attempt, Routed, emit

CONTENT = ContentPolicy("full")
MONDAY = date(2026, 3, 2)
ESCALATED = (Attempt("small", outcome="rejected"), Attempt("large", cost_nano=8_800))


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as opened:
        yield opened


def store(telemetry: Telemetry, *routed: Routed) -> sa.Engine:
    tracer = telemetry.tracer_provider.get_tracer("test")
    for one in routed:
        emit(tracer, one)
    assert telemetry.sink.force_flush(20_000)
    return telemetry.engine


def say(engine: sa.Engine, decision_id: str, good: bool | None, **fields: Any) -> None:
    assert record(engine, CONTENT, judged(decision_id, good, **fields), now=START)


def test_a_card_has_quality_cost_and_paths_of_each_route_and_week(telemetry: Telemetry) -> None:
    later = START + timedelta(days=7)
    stopped = Attempt("small", outcome="failed", extra={semconv.ERROR_TYPE: "content_filtered"})
    engine = store(
        telemetry,
        *(Routed(f"a{n}") for n in range(4)),
        Routed("esc", attempts=ESCALATED),
        Routed("stop", attempts=(stopped, Attempt("large"))),
        Routed("b", at=later),
        Routed("other", route="draft"),
    )
    for name, good in (("a0", True), ("a1", True), ("a2", False), ("a3", None), ("b", False)):
        say(engine, name, good)
    say(engine, "esc", False, sampled=False)
    new, chat, draft = scorecard(engine, Filters(), "helpful")
    both = weekly(engine, Filters(), "helpful")
    assert both.card == [new, chat, draft] and both.verdicts == verdicts(engine, Filters(), "helpful")
    assert (new.week, new.route, new.accuracy.part, new.accuracy.n) == (MONDAY + timedelta(7), "chat", 0, 1)
    assert (chat.week, chat.route, chat.requests) == (MONDAY, "chat", 6)
    assert (chat.accuracy.part, chat.accuracy.n) == (2, 3)
    assert (chat.escalated.part, chat.fell_back.part, chat.safety_stops) == (1, 1, 1)
    assert chat.cost_nano == 4 * 1_200 + 10_000 + 2_400
    assert chat.good_per_usd is not None
    assert chat.good_per_usd[0] == pytest.approx(2 / 3 * 6 / (17_200 / 1e9))
    assert (draft.route, draft.accuracy.share, draft.good_per_usd) == ("draft", None, None)


def test_only_what_chance_picked_stands_for_the_traffic_but_all_that_people_said(telemetry: Telemetry) -> None:
    engine = store(telemetry, Routed("a"), Routed("b"))
    say(engine, "a", False, sampled=False)
    for name in "ab":
        keep(engine, CONTENT, Opinion(name, 1.0, "me"), now=START)
    assert verdicts(engine, Filters(), "helpful") == []
    [people] = verdicts(engine, Filters(), "feedback")
    assert (people.good.part, people.good.n, people.model) == (2, 2, "small")
    judge, human = sorted(evaluators(engine, Filters()), key=lambda one: one.method, reverse=True)
    assert (judge.name, judge.verdicts, judge.sampled, judge.without) == ("helpful", 1, 0, 0)
    assert (human.method, human.verdicts, human.cost_nano) == ("human", 2, 0)


def test_a_validator_that_is_too_sure_has_an_error_of_as_much(telemetry: Telemetry) -> None:
    engine = store(telemetry, *(Routed(f"a{n}") for n in range(20)))
    for number in range(10):
        say(engine, f"a{number}", number < 6, scores=scored(0.9))
    for number in range(10, 20):
        say(engine, f"a{number}", number < 12, scores=scored(0.2))
    found = calibrations(engine, Filters(), "helpful")
    assert (found.verdicts, found.whole) == (20, True)
    [one] = found.rows
    assert [(bin_.low, bin_.n, bin_.good.share) for bin_ in one.bins] == [(0.2, 10, 0.2), (0.9, 10, 0.6)]
    assert one.error == pytest.approx((10 * 0.3 + 10 * 0.0) / 20)
    assert (one.passed.share, one.rejected.share) == (0.6, 0.2)
    newest = calibrations(engine, Filters(), "helpful", limit=5)
    assert (newest.verdicts, newest.whole) == (5, False)


def test_an_escalation_was_needed_when_the_first_answer_is_bad(telemetry: Telemetry) -> None:
    names = ("helped", "vain", "needless", "worse", "half")
    engine = store(telemetry, *(Routed(name, attempts=ESCALATED) for name in names), Routed("kept"), Routed("missed"))
    said = {"helped": (False, True), "vain": (False, False), "needless": (True, True), "worse": (True, False)}
    for name, (first, given) in said.items():
        say(engine, name, first, answer="rejected", sampled=False)
        say(engine, name, given, sampled=False)
    say(engine, "half", False, answer="rejected")
    say(engine, "kept", True, stronger=True)
    say(engine, "missed", False, stronger=True)
    found = escalation_need(engine, Filters(), "helpful")
    assert [(found.helped.part, found.helped.n), found.in_vain.part, found.needless.part, found.worse.part] == [
        *((1, 4), 1, 2, 1)
    ]
    assert (found.missed.part, found.missed.n) == (1, 2)
    assert found.newest["missed"] == ("missed",)
    assert found.newest["worse"] == ("worse",)


def test_a_bad_answer_with_nobody_stronger_left_was_no_missed_escalation(telemetry: Telemetry) -> None:
    engine = store(telemetry, Routed("a"))
    say(engine, "a", False, stronger=False)
    assert escalation_need(engine, Filters(), "helpful").missed.part == 0


def test_a_judge_is_measured_by_the_answers_that_people_judged_too(telemetry: Telemetry) -> None:
    engine = store(telemetry, *(Routed(f"a{n}") for n in range(6)))
    for number, (judge, people) in enumerate([(True, 1.0), (True, 1.0), (False, -1.0), (True, -1.0), (None, 1.0)]):
        say(engine, f"a{number}", judge, criteria="v1")
        keep(engine, CONTENT, Opinion(f"a{number}", people, "me"), now=START)
    keep(engine, CONTENT, Opinion("a2", 1.0, "you"), now=START)
    say(engine, "a5", True, criteria="v1")
    [one] = judge_agreements(engine, Filters())
    assert (one.evaluator, one.criteria, one.method) == ("helpful", "v1", "judge")
    # Of a2 two people say the opposite: it is not counted.
    assert one.pairs == Pairs(both=2, first=1, second=0, neither=0)
    assert one.disagreed == ("a3",)


def test_verdicts_by_another_rubric_are_another_judge(telemetry: Telemetry) -> None:
    engine = store(telemetry, Routed("a"), Routed("b"))
    for name, criteria in (("a", "v1"), ("b", "v2")):
        say(engine, name, True, criteria=criteria)
        keep(engine, CONTENT, Opinion(name, 1.0, "me"), now=START)
    assert [one.criteria for one in judge_agreements(engine, Filters())] == ["v1", "v2"]


def test_what_people_should_judge_next_is_what_nobody_has_judged(telemetry: Telemetry) -> None:
    engine = store(telemetry, *(Routed(name) for name in ("drawn", "done", "against", "unsure")))
    say(engine, "drawn", True)
    say(engine, "done", True)
    say(engine, "against", False, sampled=False)
    say(engine, "unsure", None, sampled=False)
    keep(engine, CONTENT, Opinion("done", 1.0, "me"), now=START)
    found = {one.decision_id: one.reason for one in to_label(engine, Filters(), "helpful")}
    assert found == {"drawn": "sample", "against": "against validators", "unsure": "no verdict"}


def test_shadow_calls_are_compared_pair_by_pair(telemetry: Telemetry) -> None:
    def shadow(name: str) -> Routed:
        parent = {semconv.PARENT_DECISION_ID: name}
        answer = (Attempt("large", cost_nano=9_000),)
        return Routed(f"s-{name}", purpose="shadow", route="model/large", attempts=answer, extra=parent)

    engine = store(telemetry, *(Routed(name) for name in "abc"), *(shadow(name) for name in "abc"))
    for name, ours, theirs in (("a", True, True), ("b", False, True), ("c", True, None)):
        say(engine, name, ours)
        say(engine, f"s-{name}", theirs)
    [one] = shadow_comparisons(engine, Filters(), "helpful")
    assert (one.route, one.model, one.pairs) == ("chat", "large", Pairs(both=1, first=0, second=1, neither=0))
    assert (one.good.value, one.worse) == (-0.5, ("b",))
    assert (one.costed, one.routed_nano, one.shadow_nano) == (2, 2_400, 18_000)
    # Shadow calls are no business of the scorecard.
    assert [row.requests for row in scorecard(engine, Filters(), "helpful")] == [3]


def test_an_empty_store_has_nothing_to_say(telemetry: Telemetry) -> None:
    engine = store(telemetry)
    assert evaluators(engine, Filters()) == scorecard(engine, Filters(), "helpful") == []
    assert calibrations(engine, Filters(), "helpful").rows == shadow_comparisons(engine, Filters(), "helpful") == []
    assert escalation_need(engine, Filters(), "helpful").helped.share is None
    assert judge_agreements(engine, Filters()) == to_label(engine, Filters(), "helpful") == []
