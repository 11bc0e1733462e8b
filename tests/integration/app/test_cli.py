"""The console command, as a process of its own where that matters."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.cli import main
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from telemetry.query.decision import decision as stored_decision
from telemetry.storage.engine import open_reader
from tests.serving import free_port, write_policy
from tests.upstream import Upstream, answer

Run = Callable[..., "Done"]
COMMAND = [sys.executable, "-P", "-m", "app.cli"]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        server.plays(answer("Rivers \x1b[31mflow."))
        yield server


@pytest.fixture
def policy(tmp_path: Path, upstream: Upstream) -> Path:
    return write_policy(tmp_path, upstream.base_url)


def ours(home: Path, policy: Path | None) -> dict[str, str]:
    chosen = {} if policy is None else {POLICY_VARIABLE: str(policy)}
    return {**chosen, HOME_VARIABLE: str(home), "LOOPBACK_KEY": "k"}


def environment(home: Path, policy: Path | None = None) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("ROUTESCOPE_")}
    return {**clean, **ours(home, policy)}


class Done(NamedTuple):
    """What a command left behind, in this process or in one of its own."""

    returncode: int
    stdout: str
    stderr: str


def run_process(home: Path, *arguments: str, policy: Path | None = None, stdin: str = "") -> Done:
    ended = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(home, policy),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command in this process: another one takes a second to start."""

    def run(home: Path, *arguments: str, policy: Path | None = None) -> Done:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("ROUTESCOPE_")]:
                patch.delenv(name)
            for name, text in ours(home, policy).items():
                patch.setenv(name, text)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run


def assert_one_sentence(done: Done, code: int, words: str) -> None:
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


# --- route ------------------------------------------------------------------------------------------------------
def test_a_routed_prompt_prints_the_decision_as_json_and_keeps_it(tmp_path: Path, policy: Path) -> None:
    done = run_process(tmp_path, "route", "Tell me about rivers", "--json", "--context", "risk=low", policy=policy)
    assert done.returncode == 0, done.stderr
    decision = json.loads(done.stdout)
    assert (decision["chosen"], decision["commit"]) == ("small", "committed")
    reader = open_reader(f"sqlite:///{tmp_path / 'routescope.db'}")
    assert stored_decision(reader, decision["decision_id"]) is not None
    reader.dispose()


def test_an_answer_is_data_on_stdout_and_its_reason_is_for_people(tmp_path: Path, policy: Path) -> None:
    done = run_process(tmp_path, "route", "-", policy=policy, stdin="Tell me about rivers")
    assert done.stdout == "Rivers [31mflow.\n"  # without the escape that a terminal would obey
    assert "small answered" in done.stderr


def test_a_sum_needs_no_model(run: Run, tmp_path: Path, policy: Path) -> None:
    assert run(tmp_path, "route", "12*7", policy=policy).stdout == "84\n"


def test_an_explanation_calls_nobody_and_stores_nothing(
    run: Run, tmp_path: Path, policy: Path, upstream: Upstream
) -> None:
    before = len(upstream.seen)
    done = run(tmp_path, "route", "Tell me about rivers", "--explain", "--json", policy=policy)
    assert json.loads(done.stdout)["status"] == "planned"
    assert len(upstream.seen) == before
    assert json.loads(run(tmp_path, "db", "info", "--json", policy=policy).stdout)["requests"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--context", "risk=extreme"], "context risk is 'extreme'; use one of low, medium, high"),
        (["x", "--context", "risk"], "'risk' is not NAME=VALUE"),
        (["x", "--context", "colour=red"], "context has no field 'colour'"),
        ([" "], "the prompt is empty"),
        (["x", "--route", "none"], "there is no route or model 'none'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, policy: Path, arguments: list[str], words: str
) -> None:
    assert_one_sentence(run(tmp_path, "route", *arguments, policy=policy), 2, words)


def test_a_denied_request_is_one_sentence_and_exit_code_1(tmp_path: Path, policy: Path) -> None:
    done = run_process(tmp_path, "route", "hello", "--context", "risk=high", policy=policy)
    assert_one_sentence(done, 1, "rule too-risky denies it: Ask a person.")


# --- policy check -----------------------------------------------------------------------------------------------
def test_a_sound_policy_is_said_to_be_sound(run: Run, tmp_path: Path, policy: Path) -> None:
    done = run(tmp_path, "policy", "check", str(policy), "--json")
    assert (done.returncode, json.loads(done.stdout)["valid"]) == (0, True)


def test_all_faults_of_a_broken_policy_come_at_once(run: Run, tmp_path: Path, policy: Path) -> None:
    text = policy.read_text().replace('tier = "small"', 'tier = "smal"').replace('kind = "refusal"', 'kind = "no"')
    policy.write_text(text)
    done = run(tmp_path, "policy", "check", str(policy), "--json")
    assert done.returncode == 1
    faults = json.loads(done.stdout)["faults"]
    assert {"models.small.tier", "validators.polite"} <= {fault["key"] for fault in faults}
    assert all(f"{policy.name}:" in fault["file"] for fault in faults)
    assert f"{len(faults)} fault(s)" in done.stderr


def test_what_only_a_gateway_would_miss_is_missed_by_the_check_too(run: Run, tmp_path: Path, policy: Path) -> None:
    judge = 'kind = "judge"\nmodel = "large"\nrubric_file = "nowhere.md"'
    policy.write_text(policy.read_text().replace('kind = "refusal"', judge))
    done = run(tmp_path, "policy", "check", str(policy), "--json")
    assert done.returncode == 1
    assert [fault["key"] for fault in json.loads(done.stdout)["faults"]] == ["validators.polite.rubric_file"]


def test_a_broken_policy_stops_every_other_command_with_exit_code_2(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("format = ")
    for command in (["route", "x"], ["serve"], ["up", "--no-browser"]):
        assert_one_sentence(run(tmp_path, *command, "--policy", str(broken)), 2, "it is not valid TOML")


# --- databases and ports ----------------------------------------------------------------------------------------
def test_a_home_that_is_not_there_counts_as_an_empty_store_and_is_not_made_by_looking(
    run: Run, tmp_path: Path, policy: Path
) -> None:
    done = run(tmp_path / "fresh", "db", "info", "--json", policy=policy)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["requests"], told["simulated_requests"], told["bytes"]) == (0, 0, 0)
    assert (told["first"], told["last"]) == (None, None)
    assert not (tmp_path / "fresh").exists()


def test_a_database_of_a_newer_schema_is_left_alone_with_one_sentence(run: Run, tmp_path: Path, policy: Path) -> None:
    assert run(tmp_path, "route", "12*7", policy=policy).returncode == 0
    with sqlite3.connect(tmp_path / "routescope.db") as connection:
        connection.execute("UPDATE meta SET value = '9999' WHERE key = 'schema_version'")
    for command in (["route", "12*7"], ["db", "info"]):
        assert_one_sentence(run(tmp_path, *command, policy=policy), 1, "9999")


def test_a_file_that_is_no_database_is_one_sentence(run: Run, tmp_path: Path, policy: Path) -> None:
    (tmp_path / "routescope.db").write_text("this is no database, only some text that is long enough" * 50)
    done = run(tmp_path, "route", "12*7", policy=policy)
    assert_one_sentence(done, 1, "routescope: ")


@pytest.mark.parametrize("command", [["serve", "--port"], ["up", "--no-browser", "--port"], ["dashboard", "--port"]])
def test_a_busy_port_is_named_with_the_flag_that_gives_another(
    run: Run, tmp_path: Path, policy: Path, command: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = run(tmp_path, *command, str(port), policy=policy)
    assert_one_sentence(done, 1, f"cannot listen on 127.0.0.1:{port}")
    assert "--port" in done.stderr


# --- one command starts and stops everything --------------------------------------------------------------------
def children_of(pid: int) -> set[int]:
    """Processes below ``pid``, however deep."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    found, waiting = set[int](), [pid]
    while waiting:
        here = waiting.pop()
        waiting += [child for child, parent in parents.items() if parent == here]
        found |= {child for child, parent in parents.items() if parent == here}
    return found


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found through /proc")
def test_ctrl_c_stops_everything_and_keeps_every_decision(tmp_path: Path, policy: Path) -> None:
    gateway_port, port = free_port(), free_port()
    places = ["--gateway-port", str(gateway_port), "--port", str(port)]
    database = f"sqlite:///{tmp_path / 'own.db'}"
    up = subprocess.Popen(
        [*COMMAND, "up", "--no-browser", *places],
        env={**environment(tmp_path, policy), DATABASE_VARIABLE: database},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 80
        base = f"http://127.0.0.1:{gateway_port}"
        while not healthy(f"{base}/healthz"):
            assert up.poll() is None, up.communicate()
            assert time.monotonic() < until, "the gateway is not up"
            time.sleep(0.2)
        body = json.dumps({"model": "route/chat", "messages": [{"role": "user", "content": "12*7"}]}).encode()
        request = urllib.request.Request(f"{base}/v1/chat/completions", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            decision_id = json.load(reply)["routescope"]["decision_id"]
        children = children_of(up.pid)
        assert len(children) >= 2
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=60)
    finally:
        up.kill()
    assert up.returncode == 0, said
    assert "stopped; every decision that was acknowledged is kept" in said
    assert "Traceback" not in said
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert not healthy(f"{base}/healthz")
    reader = open_reader(database)
    assert stored_decision(reader, decision_id) is not None
    reader.dispose()
