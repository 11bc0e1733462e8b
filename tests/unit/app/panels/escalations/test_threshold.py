"""What another threshold would have come to, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.panels.escalations import threshold
from app.panels.escalations.reasons import read_from
from telemetry.query.proportion import Proportion
from telemetry.query.scores import RecentScores
from telemetry.query.what_if import Outcome, what_ifs
from tests.traces import START
from tests.unit.telemetry.query.test_what_if import accepted, answer, chain, escalated, score

SEEN = [escalated(0.1, further=further) for further in (80, 90, 100, 110, 120)]


def said_at(place: int, *chains) -> str:  # type: ignore[no-untyped-def]
    (found,) = what_ifs(chains)
    return " ".join(threshold.in_words(found, found.points[place]))


def test_what_is_saved_is_known() -> None:
    said = said_at(5, *SEEN)
    assert "5 answers that had been rejected would have been given" in said and "its cost is known" in said
    assert "estimated" not in said


def test_what_is_estimated_is_said_to_be() -> None:
    said = said_at(80, *SEEN, accepted(0.7))
    assert "for 1 its cost is estimated" in said and "is assumed" in said


def test_without_an_estimate_the_cost_is_said_to_be_too_low() -> None:
    assert "the true cost is higher" in said_at(80, accepted(0.7))


def test_nobody_left_to_ask_is_said() -> None:
    assert "nobody left to ask" in said_at(80, chain(answer("large", score(0.7))))


def test_a_threshold_between_two_scores_changes_nothing() -> None:
    assert said_at(50, *SEEN).endswith("Every answer would have been judged as it was.")


def test_validators_of_two_kinds_are_told_apart() -> None:
    tool = chain(answer("handbook", score(0.9), kind="tool"))
    both = what_ifs([accepted(0.7), tool, chain(answer("small", score(0.9, validator="w")))])
    assert sorted(threshold.title_of(one, both) for one in both) == ["v of models", "v of tools", "w"]


def test_the_first_choice_is_the_validator_that_knows_more_than_yes_and_no() -> None:
    yes_or_no = [chain(answer("small", score(value, validator="json"))) for value in (0.0, 0.0, 0.0, 1.0)]
    graded = [chain(answer("small", score(value, validator="graded"))) for value in (0.6, 0.7, 0.8)]
    tool = [chain(answer("handbook", score(value / 10), kind="tool")) for value in range(10)]
    every = what_ifs([*yes_or_no, *graded, *tool])
    assert threshold.first_choice(every).validator == "graded"
    assert threshold.first_choice([one for one in every if one.kind == "tool"]).levels == 10


def told_of(then: Outcome, evaluator: str | None = "helpful") -> str:
    return " ".join(threshold.quality_in_words(then, evaluator))


def test_the_quality_of_what_the_slider_moves_is_told_with_its_interval_as_far_as_it_was_judged() -> None:
    chains = [replace(one, decision_id=f"d{number}") for number, one in enumerate(SEEN)]
    verdicts = {("d0", "rejected"): True, ("d1", "rejected"): False, ("d0", "given"): True}
    (found,) = what_ifs([*chains, replace(accepted(0.7), decision_id="e")], verdicts | {("e", "given"): True})
    kept = told_of(found.points[5])
    assert kept.startswith("Of 5 answers that would have been given, helpful judged 2: 1 of 2, 50.0 %, good (95 %")
    assert "; of what was given in their place 1 of 1, 100.0 %, good (95 % interval 20.7 % to 100.0 %)." in kept
    sent_on = told_of(found.points[80])
    assert "rejected, helpful judged 1: 1 of 1, 100.0 %, good" in sent_on and "gains nothing" in sent_on
    assert sent_on.endswith("How good the further answers would be is unknown.")
    assert told_of(found.points[50]) == ""


def test_what_nobody_judged_is_unknown() -> None:
    (found,) = what_ifs(SEEN, {})
    said = told_of(found.points[5], None)
    assert said == "Of 5 answers that would have been given, none was judged: how good they are is unknown."


def test_a_rate_of_the_newest_alone_stands_beside_that_of_the_period() -> None:
    (found,) = what_ifs(SEEN)
    recent = RecentScores(1000, START, False, [found], [], {}, None)
    period = Proportion.of(195, 5732)
    (said,) = threshold.of_the_newest(found, recent, period)
    assert said == "These are the newest 1,000 decisions alone: of all 5,732 of the period 3.4 % escalated."
    assert "newest of 5,732 decisions, since" in read_from(recent, 5732)
    assert threshold.of_the_newest(found, replace(recent, whole=True), period) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [("0.4", 0.4), (None, 0.5), ("nan", 0.5), ("-1", 0.5), ("1e400", 0.5), ("x", 0.5), ("0.999", 1.0)],
)
def test_an_address_may_say_anything(text: str | None, found: float) -> None:
    assert threshold._asked(text, 0.5) == found
