"""`routescope db`: data on stdout, words on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import pyarrow.parquet as pq
import pytest

from app.cli import cli, main
from app.db_command import db
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from router_core.state.entries import tenant_owner
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from tests.traces import Attempt, Routed, emit
from tests.unit.router_core.policy.test_loading import SOUND

NOW = datetime.now(UTC)


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Decisions of today, of 20 and of 100 days ago, and their prompts."""
    policy = tmp_path / "policy.toml"
    policy.write_text(SOUND)
    home = tmp_path / "home"
    for name, value in ((HOME_VARIABLE, str(home)), (POLICY_VARIABLE, str(policy))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for days, tenant in ((0, "acme"), (20, "acme"), (100, "other")):
            two = (Attempt(outcome="rejected"), Attempt("large"))
            routed = Routed(
                f"d{days}", at=NOW - timedelta(days=days), tenant=tenant, attempts=two, prompt="=a secret plan"
            )
            emit(tracer, routed)
    return home


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["db", *arguments])
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


def keep(home: Path, lines: str) -> None:
    (home.parent / "policy.toml").write_text(f"{SOUND}\n[telemetry]\n{lines}\n")


def test_every_command_has_help_with_an_example_and_json() -> None:
    context = click.Context(cli)
    for name in db.list_commands(context):
        command = db.get_command(context, name)
        assert command is not None and command.help
        assert f"Example: routescope db {name}" in (command.epilog or ""), name
        assert any("--json" in option.opts for option in command.params), name


# --- info -------------------------------------------------------------------------------------------------------
def test_info_tells_sizes_counts_ages_and_what_the_policy_keeps(home: Path, run: Any) -> None:
    keep(home, "keep_days = 90")
    told = run("info", "--json").json
    assert (told["requests"], told["tables"]["request"], told["tables"]["content"]) == (3, 3, 9)
    assert datetime.fromisoformat(told["first"]) == NOW - timedelta(days=100)
    assert datetime.fromisoformat(told["oldest_content"]) == NOW - timedelta(days=100)
    assert (told["keep_days"], told["keep_content_days"], told["rows_since"]) == (90, None, None)
    assert told["bytes"] >= (home / "routescope.db").stat().st_size
    assert (told["spooled"], told["spools"]) == (0, [])
    words = run("info")
    assert words.err == ""
    assert "keep_days            90" in words.out
    assert "keep_content_days    for ever" in words.out


def test_info_finds_what_waits_on_a_spool(home: Path, run: Any) -> None:
    telemetry = Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home)
    with telemetry.engine.begin():
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("late"))
        assert telemetry.sink.force_flush(60_000)
        told = run("info", "--json").json
        assert (told["spooled"], told["spools"][0]["held"]) == (1, True)
        assert "1 traces, in use" in run("info").out
    telemetry.close()


# --- prune ------------------------------------------------------------------------------------------------------
def test_a_dry_run_says_what_pruning_then_does(run: Any) -> None:
    expected = run("prune", "--days", "90", "--content-days", "10", "--dry-run", "--json").json
    assert expected["removed"]["request"] == 1
    assert run("info", "--json").json["tables"]["request"] == 3
    done = run("prune", "--days", "90", "--content-days", "10", "--json")
    assert done.code == 0
    assert done.json["removed"] == expected["removed"]
    assert "1 decisions" in done.err and "6 prompts and answers" in done.err
    told = run("info", "--json").json
    assert (told["tables"]["request"], told["tables"]["content"], told["requests"]) == (2, 3, 3)
    again = run("prune", "--days", "90", "--content-days", "10")
    assert (again.code, again.out) == (0, "")
    assert again.err.startswith("nothing to remove: no decisions from before")


def test_without_days_the_policy_says_how_long(home: Path, run: Any) -> None:
    keep(home, "keep_days = 90\nkeep_content_days = 10")
    assert run("prune", "--json").json["removed"]["request"] == 1
    keep(home, "")
    done = run("prune")
    assert (done.code, done.out) == (2, "")
    assert "everything is kept for ever; give --days or --content-days" in done.err


@pytest.mark.parametrize("days", ["0", "-1", "soon"])
def test_days_that_are_none_are_bad_input(run: Any, days: str) -> None:
    assert run("prune", "--days", days).code == 2


# --- vacuum, backup, migrate, rebuild-rollups -------------------------------------------------------------------
def test_vacuum_tells_both_sizes(run: Any) -> None:
    run("prune", "--days", "1")
    done = run("vacuum", "--json")
    assert done.code == 0
    assert done.json["after"] <= done.json["before"]
    assert "MB before" in done.err


def test_a_backup_is_a_database_of_its_own(home: Path, run: Any) -> None:
    copy = home / "copy.db"
    assert run("backup", str(copy), "--json").json["bytes"] == copy.stat().st_size
    assert run("info", "--db", f"sqlite:///{copy}", "--json").json["tables"]["request"] == 3
    again = run("backup", str(copy))
    assert (again.code, again.out) == (1, "")
    assert "there is a file of this name already" in again.err


def test_migrate_and_rebuild_leave_a_present_database_as_it_is(run: Any) -> None:
    before = run("info", "--json").json["tables"]
    assert run("migrate", "--json").json["schema_version"] == run("info", "--json").json["schema_version"]
    assert run("rebuild-rollups", "--json").json["rebuilt"] is True
    assert run("info", "--json").json["tables"] == before


# --- delete -----------------------------------------------------------------------------------------------------
def test_deleting_a_tenant_ends_with_a_statement_and_the_second_time_with_another(run: Any, home: Path) -> None:
    done = run("delete", "--tenant", "acme", "--yes", "--json")
    assert done.code == 0
    assert done.json["removed"]["request"] == 2 and done.json["nothing_left"] is True
    assert done.err.startswith("tenant acme: removed ")
    assert done.err.endswith("; nothing of it is left\n")
    # Sessions and cached answers of running gateways: they find the note of a digest, no name.
    (note,) = (home / "run" / "erased").read_text().splitlines()
    assert note.split()[1] == tenant_owner("acme")
    again = run("delete", "--tenant", "acme", "--yes", "--json")
    assert (again.code, again.json["nothing_left"]) == (0, True)
    assert again.err == "tenant acme: nothing is left of it\n"
    told = run("info", "--json").json
    assert (told["requests"], told["tables"]["request"], told["tables"]["content"]) == (1, 1, 3)


def test_deleting_a_request_by_its_decision(run: Any) -> None:
    assert run("delete", "--trace", "d20", "--yes", "--json").json["removed"]["request"] == 1
    assert run("info", "--json").json["requests"] == 2


def test_without_anybody_to_ask_nothing_is_deleted(run: Any) -> None:
    done = run("delete", "--tenant", "acme")
    assert (done.code, done.out) == (2, "")
    assert "give --yes" in done.err
    assert run("info", "--json").json["requests"] == 3


@pytest.mark.parametrize("arguments", [(), ("--tenant", ""), ("--tenant", "a", "--trace", "b")])
def test_one_tenant_or_one_trace_is_needed(run: Any, arguments: tuple[str, ...]) -> None:
    done = run("delete", "--yes", *arguments)
    assert done.code == 2
    assert "give --tenant NAME or --trace ID" in done.err


def test_a_spool_that_still_holds_something_is_exit_code_1(home: Path, run: Any) -> None:
    other = Telemetry.open(f"sqlite:///{home.parent / 'other.db'}", home=home)
    with other.engine.begin():
        emit(other.tracer_provider.get_tracer("test"), Routed("held", tenant="acme"))
        assert other.sink.force_flush(60_000)
        done = run("delete", "--tenant", "acme", "--yes", "--wait", "0.3")
        assert (done.code, done.out) == (1, "")
        assert "still holds some of it: a running process has it" in done.err
    other.close()


# --- export -----------------------------------------------------------------------------------------------------
def test_rows_go_to_stdout_and_words_to_stderr(run: Any) -> None:
    done = run("export", "--format", "csv", "--out", "-")
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))
    assert [row["decision_id"] for row in rows] == ["d100", "d20", "d0"]
    assert done.err.startswith("3 requests, ")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--tenant", "acme"], {"d0", "d20"}),
        (["--tenant", "acme", "--tenant", "other"], {"d0", "d20", "d100"}),
        (["--range", "30d"], {"d0", "d20"}),
        (["--until", (NOW - timedelta(days=50)).date().isoformat()], {"d100"}),
        (
            ["--since", (NOW - timedelta(days=30)).isoformat(), "--until", (NOW - timedelta(days=1)).isoformat()],
            {"d20"},
        ),
        (["--model", "large", "--intent", "chat", "--route", "chat", "--status", "ok"], {"d0", "d20", "d100"}),
        (["--simulated", "simulated"], set()),
        (["--purpose", "playground"], set()),
        (["--purpose", "all", "--risk", "low"], {"d0", "d20", "d100"}),
        (["--risk", "high"], set()),
        (["--policy-version", "v0"], set()),
    ],
)
def test_filters_are_those_of_the_pages(run: Any, filters: list[str], expected: set[str]) -> None:
    done = run("export", "--format", "jsonl", "--out", "-", *filters)
    assert {json.loads(line)["decision_id"] for line in done.out.splitlines()} == expected


def test_the_end_of_the_name_gives_the_format(home: Path, run: Any) -> None:
    out = home / "branches.parquet"
    told = run("export", "--table", "branches", "--out", str(out), "--json").json
    assert (told["format"], told["rows"], told["bytes"]) == ("parquet", 6, out.stat().st_size)
    assert pq.read_table(out).num_rows == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "rows.txt"], "the end of 'rows.txt' names no format"),
        (["--out", "-", "--format", "csv", "--json"], "give --out a file"),
        (["--out", "r.csv", "--range", "7d", "--since", "2026-01-01"], "do not go together"),
        (["--out", "r.csv", "--since", "2026-02-01", "--until", "2026-01-01"], "is not before"),
        (["--out", "r.csv", "--since", "yesterday"], "'yesterday' is no time"),
        ([], "Missing option '--out'"),
    ],
)
def test_bad_input_is_exit_code_2(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not (tmp_path / "r.csv").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(run: Any, tmp_path: Path) -> None:
    done = run("export", "--out", str(tmp_path / "none" / "rows.csv"))
    assert (done.code, done.out) == (1, "")
    assert "the export cannot be written" in done.err


def test_an_export_that_is_ended_leaves_nothing(home: Path, tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{home / 'routescope.db'}").begin() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(request)")]
        different = {"span_id": "printf('%016x', n)", "decision_id": "'x' || n"}
        values = ", ".join(different.get(name, f'"{name}"') for name in columns)
        numbers = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000)"
        names = ", ".join(f'"{name}"' for name in columns)
        one = "(SELECT * FROM request LIMIT 1)"
        connection.exec_driver_sql(f"INSERT INTO request ({names}) {numbers} SELECT {values} FROM {one}, number")
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, "-P", "-m", "app.cli", "db", "export", "--out", str(folder / "rows.csv")]
    child = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not any(path.stat().st_size for path in folder.iterdir()):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 1
    assert list(folder.iterdir()) == []
