"""What the collector of garbage no longer looks through, and how seldom it looks."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Iterator

import pytest

from app.interpreter import collect_seldom, keep_what_is_here, leave_generators_alone


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    gc.unfreeze()
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    # As tests/conftest.py has it for all other tests.
    gc.freeze()


def test_what_is_here_is_kept_out_of_collections_and_freed_all_the_same_when_nobody_holds_it() -> None:
    class Large:
        pass

    freed: list[bool] = []
    one = Large()
    keep_what_is_here()
    assert not any(known is one for known in gc.get_objects())
    weakref.finalize(one, freed.append, True)
    del one
    assert freed == [True]


def test_a_process_that_has_loaded_all_looks_for_garbage_after_many_new_objects() -> None:
    collect_seldom()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 10_000
    assert gc.isenabled()


def test_a_generator_that_nobody_holds_any_more_is_closed_though_the_loop_keeps_no_list() -> None:
    closed: list[bool] = []

    async def endless() -> AsyncGenerator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    async def begin_and_drop() -> None:
        leave_generators_alone()
        generator = endless()
        await anext(generator)
        assert not closed
        del generator
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert closed == [True]

    asyncio.run(begin_and_drop())
