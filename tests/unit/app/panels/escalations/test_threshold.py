"""What another threshold would have come to, in words."""

from __future__ import annotations

import pytest

from app.panels.escalations import threshold
from telemetry.query.what_if import what_ifs
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


@pytest.mark.parametrize(
    ("text", "found"),
    [("0.4", 0.4), (None, 0.5), ("nan", 0.5), ("-1", 0.5), ("1e400", 0.5), ("x", 0.5), ("0.999", 1.0)],
)
def test_an_address_may_say_anything(text: str | None, found: float) -> None:
    assert threshold._asked(text, 0.5) == found
