"""Why nobody answered: what passes by itself is told from what no second try can change."""

from __future__ import annotations

import pytest

from router_core.errors import (
    AllBranchesFailed,
    AllRateLimited,
    AuthenticationFailed,
    ModelNotReady,
    ModelsUnavailable,
    NoEligibleModel,
    ProviderError,
    RateLimited,
    RoutingError,
    UpstreamFailure,
)
from router_core.events import Failed
from router_core.providers.base import Readiness
from router_core.providers.scripted import Replies, ScriptedProvider
from router_core.request import RouteRequest
from router_core.router import Router
from tests.routing import Bench, policy

LOADING = Readiness(False, "loading", passing=True)
GONE = Readiness(False, "not pulled: run `routescope models pull tiny`")
QUESTION = RouteRequest.from_prompt("How many apples does she have left?")


def standing(**states: Readiness) -> Router:
    """A router whose models stand so."""
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    providers = {name: ScriptedProvider(Replies(), bench.clock, readiness=state) for name, state in states.items()}
    return Router(bench.loaded, providers=providers, tools={}, validators={}, clock=bench.clock)


@pytest.mark.parametrize("others", [LOADING, GONE], ids=["all-are-loading", "one-is-loading"])
async def test_a_model_that_is_loading_may_answer_later(others: Readiness) -> None:
    with pytest.raises(ModelsUnavailable, match="tiny: loading") as refused:
        await standing(tiny=LOADING, twin=others, huge=others).aroute(QUESTION)
    assert refused.value.http_status == 503


async def test_a_model_that_nobody_pulls_never_answers() -> None:
    with pytest.raises(NoEligibleModel, match="tiny: not pulled") as refused:
        await standing(tiny=GONE, twin=GONE, huge=GONE).aroute(QUESTION)
    assert refused.value.http_status == 422


def failing(*errors: ProviderError) -> Bench:
    tiny, twin, huge = (Replies(error) for error in errors)
    return Bench(policy(validators=[]), tiny=tiny, twin=twin, huge=huge)


BUSY = RateLimited("429")


@pytest.mark.parametrize(
    ("errors", "kind", "status", "wait_s"),
    [
        ((RateLimited("429", retry_after_s=30), RateLimited("429", retry_after_s=7), BUSY), AllRateLimited, 429, 7),
        ((BUSY, BUSY, BUSY), AllRateLimited, 429, None),
        (
            (RateLimited("429", retry_after_s=9), UpstreamFailure("500"), AuthenticationFailed("401")),
            ModelsUnavailable,
            503,
            9,
        ),
        ((ModelNotReady("loading"), UpstreamFailure("500"), UpstreamFailure("500")), ModelsUnavailable, 503, None),
        ((UpstreamFailure("500"), UpstreamFailure("500"), AuthenticationFailed("401")), AllBranchesFailed, 502, None),
    ],
    ids=["all-busy", "nobody-says-until-when", "one-busy", "one-loading", "none-passes"],
)
async def test_failures_are_told_by_whether_waiting_helps(
    errors: tuple[ProviderError, ...], kind: type[RoutingError], status: int, wait_s: float | None
) -> None:
    with pytest.raises(kind) as refused:
        await failing(*errors).router.aroute(QUESTION)
    assert (refused.value.http_status, refused.value.retry_after_s) == (status, wait_s)
    (failed,) = (event for event in await failing(*errors).events(QUESTION) if isinstance(event, Failed))
    assert (failed.http_status, failed.retry_after_s) == (status, wait_s)


async def test_of_a_model_that_was_asked_twice_its_last_word_counts() -> None:
    loaded = policy(retry="attempts = 2\nbase_s = 0.5", validators=[])
    tiny = Replies(UpstreamFailure("500"), RateLimited("429"))
    bench = Bench(loaded, tiny=tiny, twin=Replies(BUSY, BUSY), huge=Replies(BUSY, BUSY))
    with pytest.raises(AllRateLimited):
        await bench.router.aroute(QUESTION)


async def test_what_failed_alike_twice_is_told_once_with_how_often() -> None:
    loaded = policy(retry="attempts = 2\nbase_s = 0.5", validators=[])
    down = UpstreamFailure("upstream is down")
    tiny = Replies(down, down)
    bench = Bench(loaded, tiny=tiny, twin=Replies(down, BUSY), huge=Replies(down, down))
    with pytest.raises(RoutingError) as refused:
        await bench.router.aroute(QUESTION)
    assert str(refused.value).count("tiny") == 1
    assert "tiny, 2 times: upstream is down" in str(refused.value)
    assert "twin: upstream is down; twin: 429" in str(refused.value)
