"""Retries, breakers, deployments and fallbacks, over real HTTP: who is asked again, who is left alone, and how often.

The state machines themselves are tested under tests/unit and tests/property; here they meet upstreams that fail.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from aiohttp import web

from router_core.errors import RouteScopeError
from router_core.result import RouteResult
from tests import upstream as up
from tests.integration.router_core.arena import (
    KEY_VARIABLE,
    KINDS,
    MODES,
    ONE_ATTEMPT,
    SECOND,
    Arena,
    Forwarded,
    Kind,
    Mode,
    Played,
    assert_sound,
    model,
    policy,
)
from tests.integration.router_core.faults import FAULTS, Fault
from tests.upstream import Upstream

QUICK = "[resilience.retry]\nbase_s = 0.001\nmin_left_s = 0\n"
"""Retries as they are by default, but that nobody waits for them."""
OPENS_AT_ONCE = f"{ONE_ATTEMPT}\n[resilience.breaker]\nfailures_in_row = 1\nopen_s = 100\n"
"""Open times are spread by a fifth."""
NO_BREAKER = "[resilience.breaker]\nenabled = false\n"

CURABLE = [f for f in FAULTS if f.name in {"500", "503", "429", "reset-before-headers", "closed-before-headers"}]
FINAL = [
    f
    for f in FAULTS
    if f.name in {"400", "404", "401-echoes-the-key", "context-length", "filter-as-400", "malformed-json", "cut", "408"}
]


def backed(first: Upstream, second: Upstream, kind: Kind = "openai", more: str = "") -> tuple[str, str]:
    """A faulty model, and one behind it."""
    return (
        model("first", "small", kind, first.base_url, timeout_s=20, more=more),
        model("second", "large", kind, second.base_url, timeout_s=20, more="context_window = 128000"),
    )


def once(condition: Callable[[], bool], behaviour: up.Behaviour) -> up.Behaviour:
    """The same, when that has come true."""

    async def play(request: web.Request, seen: up.Seen) -> web.StreamResponse:
        while not condition():
            await asyncio.sleep(0.01)
        return await behaviour(request, seen)

    return play


def errors(played: Played) -> list[tuple[str, str | None]]:
    """Each branch row's model and error."""
    return [(row.model, row.error_type) for row in played.branches]


# --- retries ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", CURABLE, ids=lambda fault: fault.name)
def test_a_passing_fault_is_cured_by_a_second_attempt(
    fault: Fault, kind: Kind, mode: Mode, arena: Arena, first: Upstream
) -> None:
    assert fault.behaviour is not None
    first.plays(fault.behaviour, up.answer("Paris."))
    loaded = policy(model("first", "small", kind, first.base_url, timeout_s=20), resilience=QUICK)
    played = arena.play(mode, arena.router(loaded))
    assert (played.text, played.decision.fell_back) == ("Paris.", False)
    assert errors(played) == [("first", fault.code), ("first", None)]
    assert len(first.seen) == 2, "each attempt is a row, and a request"
    assert_sound(played)


@pytest.mark.parametrize("fault", FINAL, ids=lambda fault: fault.name)
def test_what_a_second_attempt_cannot_cure_goes_to_the_next_model_at_once(
    fault: Fault, arena: Arena, first: Upstream, second: Upstream
) -> None:
    assert fault.behaviour is not None
    first.plays(fault.behaviour)
    played = arena.play(
        "aroute", arena.router(policy(*backed(first, second), tiers=("small", "large"), resilience=QUICK))
    )
    assert errors(played) == [("first", fault.code), ("second", None)]
    assert (len(first.seen), played.text) == (1, SECOND)


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_a_model_is_asked_as_often_as_the_policy_says(
    attempts: int, arena: Arena, first: Upstream, second: Upstream
) -> None:
    first.plays(up.status(503))
    resilience = f"{QUICK}attempts = {attempts}\nbudget_min = 10\n"
    played = arena.play(
        "aroute", arena.router(policy(*backed(first, second), tiers=("small", "large"), resilience=resilience))
    )
    assert errors(played) == [("first", "upstream_failure")] * attempts + [("second", None)]
    assert (len(first.seen), played.text) == (attempts, SECOND)
    assert_sound(played)


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_after_within_the_deadline_is_waited_for(kind: Kind, arena: Arena, first: Upstream) -> None:
    first.plays(up.status(429, None, Retry_After="0.3"), up.answer("Paris."))
    loaded = policy(
        model("first", "small", kind, first.base_url, timeout_s=20), route="deadline_s = 20", resilience=QUICK
    )
    played = arena.play("aroute", arena.router(loaded))
    assert played.text == "Paris."
    assert first.seen[1].at_s - first.seen[0].at_s >= 0.3
    assert_sound(played)


@pytest.mark.parametrize("retry_after", ["3", "30", "86400", "Fri, 31 Dec 2099 23:59:59 GMT"])
def test_a_retry_after_beyond_the_deadline_is_not_waited_for(
    retry_after: str, arena: Arena, first: Upstream, second: Upstream
) -> None:
    first.plays(up.status(429, None, Retry_After=retry_after))
    loaded = policy(
        *backed(first, second), tiers=("small", "large"), route="deadline_s = 2", resilience="[resilience.retry]"
    )
    played = arena.play("aroute", arena.router(loaded))
    assert errors(played) == [("first", "rate_limited"), ("second", None)]
    assert played.text == SECOND
    assert len(first.seen) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_first_token_is_given_up_before_the_models_own_time(
    kind: Kind, arena: Arena, first: Upstream, second: Upstream
) -> None:
    first.plays(up.answer("late", first_chunk_s=30))
    entry = model("first", "small", kind, first.base_url, timeout_s=60, more="first_token_timeout_s = 0.2")
    loaded = policy(
        entry, backed(first, second, kind)[1], tiers=("small", "large"), route="deadline_s = 60", resilience=ONE_ATTEMPT
    )
    played = arena.play("aroute", arena.router(loaded))
    assert errors(played) == [("first", "first_token_timeout"), ("second", None)]
    assert played.text == SECOND
    assert_sound(played)


# --- outages ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("breaker", ["", NO_BREAKER], ids=["breaker", "no-breaker"])
@pytest.mark.parametrize("at_once", [1, 20])
def test_an_outage_is_hit_by_at_most_a_fifth_more_than_its_requests(
    breaker: str, at_once: int, arena: Arena, first: Upstream
) -> None:
    requests = 200
    first.plays(up.status(500))
    loaded = policy(
        model("first", "small", "openai", first.base_url), route="deadline_s = 20", resilience=QUICK + breaker
    )
    router = arena.router(loaded)
    outcomes = [outcome for _ in range(requests // at_once) for outcome in arena.together(router, at_once)]
    assert len(outcomes) == requests
    assert all(isinstance(outcome, RouteScopeError) for outcome in outcomes)
    assert len(first.seen) <= 1.2 * requests
    if breaker:
        assert len(first.seen) >= requests, "without a breaker every request tried"
    else:
        assert len(first.seen) < requests, "the breaker kept requests away"


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_whose_breaker_is_open_is_an_exclusion_and_not_a_branch(
    kind: Kind, arena: Arena, first: Upstream, second: Upstream
) -> None:
    first.plays(up.status(500))
    resilience = f"{ONE_ATTEMPT}\n[resilience.breaker]\nfailures_in_row = 3\nopen_s = 300\n"
    router = arena.router(policy(*backed(first, second, kind), tiers=("small", "large"), resilience=resilience))
    for _ in range(3):
        assert errors(arena.play("aroute", router)) == [("first", "upstream_failure"), ("second", None)]
    played = arena.play("aroute", router)
    assert errors(played) == [("second", None)]
    assert (len(first.seen), played.text) == (3, SECOND)
    decision = played.run.decision
    assert decision is not None
    (candidate,) = [candidate for candidate in decision.candidates if candidate.model == "first"]
    assert candidate.excluded_by == "breaker"
    assert "3 failures in a row: upstream_failure" in (candidate.excluded_reason or "")
    assert_sound(played)


@pytest.mark.parametrize("fault", ["400", "422", "413", "context-length", "filter-as-400", "content-filter"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_clients_fault_leaves_the_breaker_closed(
    fault: str, kind: Kind, arena: Arena, first: Upstream, second: Upstream
) -> None:
    (behaviour,) = [f.behaviour for f in FAULTS if f.name == fault]
    assert behaviour is not None
    first.plays(behaviour)
    resilience = f"{ONE_ATTEMPT}\n[resilience.breaker]\nfailures_in_row = 2\nopen_s = 300\n"
    router = arena.router(policy(*backed(first, second, kind), tiers=("small", "large"), resilience=resilience))
    for _ in range(6):
        assert arena.play("aroute", router).text == SECOND
    assert len(first.seen) == 6
    assert [health.state for health in router.fleet.snapshot()] == ["closed", "closed"]


def test_one_probe_at_a_time_asks_whether_an_outage_is_over(arena: Arena, first: Upstream, second: Upstream) -> None:
    first.plays(up.status(500))
    clock = Forwarded()
    router = arena.router(
        policy(*backed(first, second), tiers=("small", "large"), route="deadline_s = 60", resilience=OPENS_AT_ONCE),
        clock,
    )
    assert arena.play("aroute", router).text == SECOND
    clock.by_s += 200

    # The probe is under way until all others have been answered.
    first.plays(once(lambda: len(second.seen) == 50, up.answer("Paris.")))
    answers = Counter(result.text for result in arena.together(router, 50) if isinstance(result, RouteResult))
    assert answers == {"Paris.": 1, SECOND: 49}
    assert len(first.seen) == 2, "the failure, and one probe"

    first.plays(up.answer("Paris."))
    assert arena.play("aroute", router).text == "Paris.", "the probe's success closed it"


def test_a_failed_probe_keeps_the_breaker_open_for_longer(arena: Arena, first: Upstream, second: Upstream) -> None:
    first.plays(up.status(500))
    clock = Forwarded()
    router = arena.router(policy(*backed(first, second), tiers=("small", "large"), resilience=OPENS_AT_ONCE), clock)
    arena.play("aroute", router)
    clock.by_s += 200
    assert errors(arena.play("aroute", router)) == [("first", "upstream_failure"), ("second", None)]
    (health, _) = router.fleet.snapshot()
    assert health.state == "open"
    assert health.retry_in_s is not None
    assert "probe failed" in health.why


# --- several deployments --------------------------------------------------------------------------------------------
def deployed(*places: tuple[str, Upstream]) -> str:
    """One model in several places."""
    entries = "".join(
        f"""
[[models.first.deployments]]
name = "{name}"
provider = {{ kind = "openai", base_url = "{place.base_url}", model = "upstream-1", api_key_env = "{KEY_VARIABLE}" }}
"""
        for name, place in places
    )
    return f"""
[models.first]
tier = "small"
location = "cloud"
price = {{ kind = "tokens", input = "1", output = "2" }}
{entries}
"""


def test_a_second_attempt_goes_to_another_deployment(arena: Arena, first: Upstream, second: Upstream) -> None:
    first.plays(up.status(500))
    resilience = QUICK + "budget_min = 100\n[resilience.breaker]\nfailures_in_row = 3\nopen_s = 300\n"
    router = arena.router(policy(deployed(("east", first), ("west", second)), resilience=resilience))
    rows = []
    for _ in range(40):
        played = arena.play("aroute", router)
        assert played.text == SECOND
        assert_sound(played)
        rows += played.branches
    assert len(first.seen) == 3, "its breaker opened"
    assert len(rows) == len(first.seen) + len(second.seen)
    assert {health.deployment: health.state for health in router.fleet.snapshot()} == {"east": "open", "west": "closed"}


# --- who else is asked ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["filter-as-400", "content-filter"])
@pytest.mark.parametrize("kind", KINDS)
def test_after_a_safety_stop_the_policys_safety_model_is_asked(
    fault: str, kind: Kind, arena: Arena, first: Upstream, second: Upstream
) -> None:
    (behaviour,) = [f.behaviour for f in FAULTS if f.name == fault]
    assert behaviour is not None
    first.plays(behaviour)
    with Upstream() as guarded:
        guarded.plays(up.answer("I would rather not say."))
        loaded = policy(
            *backed(first, second, kind),
            model("careful", "large", kind, guarded.base_url, timeout_s=20),
            tiers=("small", "large"),
            route='safety_model = "careful"',
        )
        played = arena.play("aroute", arena.router(loaded))
    assert errors(played) == [("first", "content_filtered"), ("careful", None)]
    assert (played.text, len(second.seen)) == ("I would rather not say.", 0)
    assert_sound(played)


@pytest.mark.parametrize("fault", ["context-length", "context-length-as-500", "413"])
@pytest.mark.parametrize("kind", KINDS)
def test_after_a_prompt_was_too_long_only_a_larger_window_is_asked(
    fault: str, kind: Kind, arena: Arena, first: Upstream, second: Upstream
) -> None:
    (behaviour,) = [f.behaviour for f in FAULTS if f.name == fault]
    assert behaviour is not None
    first.plays(behaviour)
    with Upstream() as same:
        same.plays(up.answer("Never asked."))
        loaded = policy(
            model("first", "small", kind, first.base_url, timeout_s=20),
            model("same", "small", kind, same.base_url, timeout_s=20),
            backed(first, second, kind)[1],
            tiers=("small", "large"),
        )
        played = arena.play("aroute", arena.router(loaded))
        assert len(same.seen) == 0
    assert errors(played) == [("first", "context_too_long"), ("second", None)]
    assert played.text == SECOND
    assert_sound(played)


def test_a_fault_staged_for_all_is_no_answer_but_one_decision(arena: Arena, first: Upstream, second: Upstream) -> None:
    first.plays(up.status(500))
    second.plays(up.cut("half"))
    loaded = policy(*backed(first, second), tiers=("small", "large"), resilience=QUICK)
    played = arena.play("aroute", arena.router(loaded))
    assert played.code == "all_branches_failed"
    assert errors(played) == [
        ("first", "upstream_failure"),
        ("first", "upstream_failure"),
        ("second", "bad_response"),
    ]
    assert_sound(played)
