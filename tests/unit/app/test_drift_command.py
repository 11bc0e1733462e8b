from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.drift_command import drift
from telemetry.setup import Telemetry
from tests.traces import Routed, emit


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("a"))
    return url


def test_a_run_prints_one_json_object_and_words_on_stderr(url: str):
    result = CliRunner().invoke(drift, ["run", "--all", "--json", "--db", url])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["weeks"] == ["2026-W10"]
    assert "1 weeks, 1 model weeks, 0 tests, 0 changes" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--week", "47"], "names no week"),
        (["--week", "2026-W12"], "it has 2026-W10 to 2026-W10"),
        (["--model", "none"], "it has small"),
        (["--week", "2026-W10", "--all"], "not both"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(url: str, arguments: list[str], sentence: str):
    result = CliRunner().invoke(drift, ["run", *arguments, "--db", url])
    assert result.exit_code == 2
    assert sentence in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_database_that_cannot_be_used_is_exit_code_one(tmp_path: Path):
    (tmp_path / "no.db").write_text("this is no database at all, only some text" * 40)
    result = CliRunner().invoke(drift, ["run", "--db", f"sqlite:///{tmp_path / 'no.db'}"])
    assert result.exit_code == 1
    assert "no SQLite database" in result.stderr


def test_help_shows_an_example():
    for command in ("run", "watch"):
        assert "Example: routescope drift" in CliRunner().invoke(drift, [command, "--help"]).output
