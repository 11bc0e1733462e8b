"""Every deployment of a policy's models, and their end."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from router_core.clock import ManualClock
from router_core.fleet import Fleet
from router_core.pricing import Usage
from router_core.providers.base import READY, Call, Completion, Readiness, StreamItem, TextChunk
from router_core.resilience.health import Health
from tests.routing import policy


class Provider:
    """Answers, and says what became of it; ``stubborn`` ones cannot be closed."""

    name = "made"

    def __init__(self, *, stubborn: bool = False) -> None:
        self.stubborn, self.closed = stubborn, False

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        yield TextChunk("Yes.")
        yield Completion("stop", Usage(1, 1))

    def readiness(self) -> Readiness:
        return READY

    async def aclose(self) -> None:
        if self.stubborn:
            raise RuntimeError("it will not")
        self.closed = True


def fleet(**providers: Provider) -> Fleet:
    models = policy().policy.models
    places = {name: model.places for name, model in models.items()}
    clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    return Fleet(models, providers, Health(clock, policy().policy.resilience, random.Random(1), places))


async def test_a_provider_that_cannot_be_closed_keeps_no_other_open() -> None:
    made = {"tiny": Provider(stubborn=True), "twin": Provider(), "huge": Provider()}
    with pytest.raises(ExceptionGroup, match="providers could not be closed") as caught:
        await fleet(**made).aclose()
    assert [str(error) for error in caught.value.exceptions] == ["it will not"]
    assert made["twin"].closed
    assert made["huge"].closed


async def test_a_provider_that_another_fleet_uses_stays_open() -> None:
    made = {"tiny": Provider(), "twin": Provider(), "huge": Provider()}
    other = fleet(tiny=made["tiny"], twin=Provider(), huge=Provider())
    await fleet(**made).aclose(spare=[other])
    assert [provider.closed for provider in made.values()] == [False, True, True]
