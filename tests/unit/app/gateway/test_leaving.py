"""Whoever works for a client is told once it has left, also when that was before."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.gateway.leaving import CLIENT_LEFT, LEAVING, Leaving, unless_left


def request(leaving: Leaving | None) -> Request:
    return Request({"type": "http", "headers": [], **({} if leaving is None else {LEAVING: leaving})})


async def answer() -> str:
    await asyncio.sleep(0)
    return "Here."


async def without_end() -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.mark.parametrize("leaving", [None, Leaving()], ids=["another-server", "ours"])
async def test_who_stays_is_answered(leaving: Leaving | None) -> None:
    assert await unless_left(request(leaving), answer()) == "Here."


@pytest.mark.parametrize("before", [True, False], ids=["before-the-work", "while-it-is-done"])
async def test_who_leaves_ends_the_work_and_the_task_goes_on(before: bool) -> None:
    leaving = Leaving()
    if before:
        leaving.leave()
    else:
        asyncio.get_running_loop().call_soon(leaving.leave)
    told = await unless_left(request(leaving), without_end())
    assert isinstance(told, Response)
    assert told.status_code == CLIENT_LEFT
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_nobody_is_told_of_a_client_whose_work_is_done() -> None:
    leaving = Leaving()
    await unless_left(request(leaving), answer())
    leaving.leave()
    await asyncio.sleep(0)


async def test_a_task_that_somebody_else_cancels_ends() -> None:
    task = asyncio.create_task(unless_left(request(Leaving()), without_end()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
