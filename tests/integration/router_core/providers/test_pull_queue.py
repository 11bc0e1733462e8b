"""Models pulled one after the other, from sources that have none of them, so that each turn comes soon."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from router_core.providers import model_state, pull_queue
from router_core.providers.catalog import CATALOG
from router_core.providers.fetch import Progress
from router_core.providers.local_server import LocalServer
from router_core.providers.model_state import FileState
from router_core.providers.pull_queue import PullQueue
from tests.integration.router_core.providers.wheels import use_index

FIRST, SECOND = CATALOG
NAMES = [FIRST.name, SECOND.name]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    empty = tmp_path / "index"
    empty.mkdir()
    use_index(monkeypatch, empty)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "models"


def stage(place: int, models: Path) -> tuple[str, str]:
    state = model_state.read(CATALOG[place], models)
    return state.stage, state.after


def silent_for(seconds: float, models: Path) -> None:
    """As if the second model's state had been written so long ago."""
    path = models / f"{SECOND.file}.state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "at": time.time() - seconds}))


def test_each_model_says_whom_it_waits_for_until_its_turn_comes(models: Path) -> None:
    seen: list[tuple[str, tuple[str, str]]] = []

    def look(progress: Progress) -> None:
        seen.append((progress.name, stage(1, models)))

    failures = PullQueue(NAMES, models).pull(look)
    assert {told for name, told in seen if name == FIRST.name} == {("queued", FIRST.name)}
    assert {told for name, told in seen if name == SECOND.name} == {("pulling", "")}
    assert list(failures) == NAMES
    assert stage(1, models) == ("failed", "")


def test_before_the_first_turn_the_first_is_next_and_the_second_waits_for_it(models: Path) -> None:
    PullQueue(NAMES, models)
    assert [stage(0, models), stage(1, models)] == [("queued", ""), ("queued", FIRST.name)]


def test_an_earlier_failure_is_no_longer_shown_once_it_is_tried_again(models: Path) -> None:
    models.mkdir()
    model_state.write(SECOND, models, FileState("failed", 0, SECOND.bytes, reason="no network"))
    PullQueue(NAMES, models)
    assert stage(1, models) == ("queued", FIRST.name)


def test_what_is_here_or_pulled_by_another_process_is_not_said_to_wait(models: Path) -> None:
    models.mkdir()
    (models / FIRST.file).write_bytes(b"here")
    model_state.write(SECOND, models, FileState("pulling", 5, SECOND.bytes, "hub"))
    PullQueue(NAMES, models)
    assert [stage(0, models)[0], stage(1, models)[0]] == ["unverified", "pulling"]


def test_a_stopped_queue_leaves_nobody_waiting(models: Path) -> None:
    cancel = threading.Event()
    failures = PullQueue(NAMES, models).pull(lambda progress: cancel.set(), cancel)
    assert "was stopped" in failures[FIRST.name]
    assert stage(1, models) == ("absent", "")


def test_a_queue_whose_process_died_is_forgotten(models: Path) -> None:
    PullQueue(NAMES, models)
    silent_for(60, models)
    assert stage(1, models)[0] == "absent"


def test_a_long_pull_keeps_the_queue_behind_it_alive(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_queue, "_SAY_EVERY_S", 0.1)
    seen: list[tuple[str, str]] = []

    def look(progress: Progress) -> None:
        seen.append(stage(1, models))
        if progress.name == FIRST.name:
            silent_for(60, models)

    PullQueue(NAMES, models).pull(look)
    assert seen.count(("queued", FIRST.name)) > 1


def test_pulling_several_collects_the_reasons_of_those_that_failed(models: Path) -> None:
    assert "no local model 'nothing'" in PullQueue(["nothing"], models).pull()["nothing"]


async def test_the_model_server_gives_the_wait_as_the_reason(models: Path, tmp_path: Path) -> None:
    PullQueue(NAMES, models)
    server = LocalServer(models, tmp_path / "run")
    server.ensure()
    reasons = [(await server.ready(name, 10)).reason for name in NAMES]
    await server.aclose()
    assert reasons == ["will be pulled in a moment", f"will be pulled after {FIRST.name}"]


async def test_a_refreshed_model_server_knows_of_the_queue_at_once(models: Path, tmp_path: Path) -> None:
    server = LocalServer(models, tmp_path / "run")
    server.ensure()
    assert (await server.ready(SECOND.name, 10)).reason.startswith("not pulled")
    PullQueue(NAMES, models)
    server.refresh()
    assert server.status(SECOND.name).reason == f"will be pulled after {FIRST.name}"
    await server.aclose()
