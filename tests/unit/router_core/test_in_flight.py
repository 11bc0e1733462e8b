"""Counting what is under way: nothing is forgotten, and nobody waits for nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from router_core.in_flight import InFlight
from router_core.providers.scripted import Replies
from router_core.request import RouteRequest
from tests.routing import Bench, policy

ASKED = RouteRequest.from_prompt("How are you today?")


async def test_waiting_for_none_ends_at_once_when_there_is_none() -> None:
    await asyncio.wait_for(InFlight().none(), 60)


async def test_waiting_for_none_ends_when_the_last_one_ends() -> None:
    in_flight = InFlight()
    with in_flight.one():
        waiting = asyncio.create_task(in_flight.none())
        with in_flight.one():
            assert in_flight.count == 2
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 60)


async def test_one_that_fails_has_ended() -> None:
    in_flight = InFlight()
    with suppress(ValueError), in_flight.one():
        raise ValueError
    assert in_flight.count == 0


async def test_one_that_begins_just_as_the_last_ends_is_waited_for_too() -> None:
    in_flight = InFlight()
    first, second = in_flight.one(), in_flight.one()
    first.__enter__()
    waiting = asyncio.create_task(in_flight.none())
    await asyncio.sleep(0)
    first.__exit__(None, None, None)
    second.__enter__()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    second.__exit__(None, None, None)
    await asyncio.wait_for(waiting, 60)


async def test_a_router_counts_a_stream_from_its_first_event_to_its_end() -> None:
    router = Bench(policy(), tiny=Replies("Rivers flow downhill."), twin=Replies(), huge=Replies()).router
    stream = router.stream(ASKED)
    assert router.in_flight.count == 0
    await anext(stream)
    assert router.in_flight.count == 1
    async for _ in stream:
        assert router.in_flight.count == 1
    assert router.in_flight.count == 0


async def test_a_stream_that_its_reader_leaves_is_no_longer_counted() -> None:
    router = Bench(policy(), tiny=Replies("Rivers flow downhill."), twin=Replies(), huge=Replies()).router
    stream = router.stream(ASKED)
    await anext(stream)
    await stream.aclose()
    assert router.in_flight.count == 0
