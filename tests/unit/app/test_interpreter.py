"""What the collector of garbage no longer looks through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from app.interpreter import keep_what_is_here


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    gc.unfreeze()
    yield
    # As tests/conftest.py has it for all other tests.
    gc.freeze()


def test_what_is_here_is_kept_out_of_collections_and_freed_all_the_same_when_nobody_holds_it() -> None:
    class Large:
        pass

    freed = []
    one = Large()
    keep_what_is_here()
    assert not any(known is one for known in gc.get_objects())
    weakref.finalize(one, freed.append, True)
    del one
    assert freed == [True]
