"""One model of a plan goes first, and a low score then leads upwards only."""

from __future__ import annotations

from router_core.escalation import after_rejection
from router_core.strategies.base import Plan, PlannedModel
from router_core.strategies.precedence import put_first

RANK = {"small": 0, "medium": 1, "large": 2}


def plan(*places: tuple[str, str, float]) -> Plan:
    made = (PlannedModel(name, tier, score, 1.0 if at == 0 else 0.0) for at, (name, tier, score) in enumerate(places))
    return Plan(tuple(made), {"gone": "why"}, "as it was")


CASCADE = plan(("a", "small", 1.0), ("b", "small", 1.0), ("c", "medium", 2 / 3), ("d", "large", 1 / 3))
BY_COST = plan(("a", "small", 1.0), ("b", "small", 2 / 3), ("c", "medium", 1 / 3))


def order(made: Plan) -> list[str]:
    return [place.model for place in made.models]


def leads_to(made: Plan, name: str) -> str | None:
    last = next(place for place in made.models if place.model == name)
    following = after_rejection(made, last, {name})
    return None if following is None else following.model


def test_it_goes_first_for_certain_and_the_others_keep_their_order() -> None:
    made = put_first(CASCADE, "c", RANK, "it stays")
    assert order(made) == ["c", "a", "b", "d"]
    assert [place.propensity for place in made.models] == [1.0, 0.0, 0.0, 0.0]
    assert (made.reason, made.left_out) == ("it stays", {"gone": "why"})


def test_a_low_score_leads_upwards_and_never_back_to_a_weaker_tier() -> None:
    assert leads_to(put_first(CASCADE, "c", RANK, ""), "c") == "d"
    assert leads_to(put_first(CASCADE, "d", RANK, ""), "d") is None
    assert leads_to(put_first(CASCADE, "a", RANK, ""), "a") == "c"


def test_equals_of_a_cascade_stay_equals() -> None:
    assert leads_to(put_first(CASCADE, "b", RANK, ""), "b") == "c"


def test_a_plan_that_tells_models_of_one_tier_apart_still_asks_the_others() -> None:
    assert leads_to(put_first(BY_COST, "b", RANK, ""), "b") == "a"
    assert leads_to(put_first(BY_COST, "c", RANK, ""), "c") is None


def test_scores_never_rise_along_the_plan() -> None:
    for name in "abcd":
        scores = [place.score for place in put_first(CASCADE, name, RANK, "").models]
        assert scores[0] == 1.0
        assert all(0 < score <= 1 for score in scores)
