"""The lines of a gateway in a process of its own: one a decision, one an incident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.launch import is_up
from telemetry.query.filters import Filters
from telemetry.query.incidents import breaker_intervals, timeline
from telemetry.query.pipeline import processes
from telemetry.storage.engine import open_reader
from tests.serving import POLICY, free_port
from tests.upstream import Upstream, answer, status

BREAKER = "breaker = { enabled = true, failures_in_row = 2, open_s = 1 }"
KEY = "lb-" + "0123456789abcdef"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def policy(upstream: Upstream, tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    text = POLICY.format(url=upstream.base_url)
    file.write_text(text.replace("breaker = { enabled = false }", BREAKER), encoding="utf-8")
    return file


@contextmanager
def served(policy: Path, *options: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--policy", str(policy), "--no-pull"]
    environment = {**os.environ, "ROUTESCOPE_HOME": str(policy.parent), "LOOPBACK_KEY": KEY}
    with (policy.parent / "stderr").open("wb") as stderr:
        process = subprocess.Popen([*command, *options], env=environment, stderr=stderr, stdin=subprocess.DEVNULL)
        try:
            until(lambda: is_up(f"http://127.0.0.1:{port}/healthz") or process.poll() is not None, 60)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
                yield http, process
        finally:
            process.terminate()
            assert process.wait(30) in (0, -15)


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ask(http: httpx.Client) -> httpx.Response:
    body = {"model": "route/quick", "messages": [{"role": "user", "content": "the swordfish is ill\n{}"}]}
    return http.post("/v1/chat/completions", json=body)


def lines(file: Path, name: str) -> list[dict[str, Any]]:
    """The events of one name that the file holds; every whole line but the greeting is JSON."""
    whole = [line for line in file.read_text().splitlines() if not line.startswith("gateway on http")]
    return [found for found in map(json.loads, whole) if found["event"] == name]


def test_a_process_tells_decisions_breakers_and_policies_a_line_each(policy: Path, upstream: Upstream):
    stderr = policy.parent / "stderr"
    with served(policy, "--log-format", "json") as (http, _):
        upstream.plays(answer("Poor fish."))
        decision_id = ask(http).json()["routescope"]["decision_id"]
        until(lambda: lines(stderr, "decision"))
        (told,) = lines(stderr, "decision")
        assert (told["decision_id"], told["route"], told["commit"]) == (decision_id, "quick", "committed")

        upstream.plays(status(500))
        for _ in range(2):
            ask(http)
        until(lambda: lines(stderr, "breaker_opened"))
        assert lines(stderr, "breaker_opened")[0]["model"] == "small"
        upstream.plays(answer("Better."))
        until(lambda: ask(http).status_code == 200)
        until(lambda: lines(stderr, "breaker_closed"))

        sound = policy.read_text(encoding="utf-8")
        policy.write_text(sound.replace("default_route", "default_rout"), encoding="utf-8")
        until(lambda: lines(stderr, "policy_refused"))
        assert lines(stderr, "policy_refused")[0]["faults"]
        policy.write_text(sound.replace("timeout_s = 5", "timeout_s = 6"), encoding="utf-8")
        until(lambda: lines(stderr, "policy_reloaded"))
    text = stderr.read_text()
    assert "swordfish" not in text
    assert KEY not in text
    reader = open_reader(f"sqlite:///{policy.parent / 'routescope.db'}")
    kept = {row.kind: row for row in timeline(reader, Filters()).rows}
    assert set(kept) >= {
        *("gateway_started", "breaker_opened", "breaker_closed"),
        *("policy_refused", "policy_reloaded", "gateway_stopped"),
    }
    assert (kept["breaker_opened"].model, kept["breaker_opened"].process) == ("small", kept["gateway_started"].process)
    (was_open, *_) = breaker_intervals(reader, Filters())
    assert (was_open.model, was_open.state) == ("small", "open") and was_open.end is not None
    (process,) = processes(reader)
    assert (process.state, process.dropped, process.spool_waiting) == ("ended", 0, 0)
    assert process.written >= 4


def test_lines_go_to_a_file_that_is_named(policy: Path, upstream: Upstream, tmp_path: Path):
    upstream.plays(answer("Poor fish."))
    with served(policy, "--log-file", str(tmp_path / "gateway.log")) as (http, _):
        assert ask(http).status_code == 200
        until(lambda: (tmp_path / "gateway.log").read_text())
    (line,) = (tmp_path / "gateway.log").read_text().splitlines()
    assert ": ok, route quick, small answered, " in line
    assert len((policy.parent / "stderr").read_text().splitlines()) == 1, "the greeting stays where it was"


def test_a_file_that_cannot_be_written_is_refused_in_one_sentence(policy: Path, tmp_path: Path):
    command = [sys.executable, "-m", "app.cli", "serve", "--policy", str(policy), "--port", str(free_port())]
    ended = subprocess.run(
        [*command, "--log-file", str(tmp_path / "no" / "folder" / "log")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "cannot be written (No such file or directory)" in ended.stderr
    assert "Traceback" not in ended.stderr
