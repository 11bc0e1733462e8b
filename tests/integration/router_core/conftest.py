"""What the fault tests share: the arena, and a faulty and a healthy upstream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from router_core.providers.litellm_import import load
from tests import upstream as up
from tests.integration.router_core.arena import SECOND, Arena, model, policy
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("matrix")) as arena:
        load()  # this takes seconds, and its first call another: no part of what is measured here
        with Upstream() as server:
            loaded = policy(model("first", "small", "litellm", server.base_url, timeout_s=60), route="deadline_s = 60")
            assert arena.play("aroute", arena.router(loaded)).text
        yield arena


@pytest.fixture
def first() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def second() -> Iterator[Upstream]:
    with Upstream() as server:
        server.plays(up.answer(SECOND))
        yield server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
