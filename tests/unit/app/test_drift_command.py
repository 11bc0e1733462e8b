from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from telemetry.setup import Telemetry
from tests.traces import Routed, emit


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ROUTESCOPE_HOME", str(tmp_path))
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("a"))
    return url


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["drift", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_run_prints_one_json_object_and_words_on_stderr(url: str, capsys: pytest.CaptureFixture[str]):
    assert call("run", "--all", "--json", "--db", url) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["weeks"], document["tested"], document["drifted"]) == (["2026-W10"], 0, [])
    assert "0 metrics tested, 0 changed" in captured.err
    assert call("run", "--all", "--json", "--db", url) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["compared"] == []
    assert "1 of 1 weeks had nothing new" in captured.err


def test_a_week_is_pinned_shown_and_forgotten(url: str, capsys: pytest.CaptureFixture[str]):
    assert call("baseline", "2026-W10", "--db", url, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"": "2026-W10"}
    assert call("baseline", "--db", url) == 0
    assert capsys.readouterr().err == "2026-W10 all models\n"
    assert call("baseline", "--clear", "--db", url) == 0
    assert call("baseline", "--db", url) == 0
    assert "no week is pinned" in capsys.readouterr().err


def test_a_report_of_too_few_answers_is_refused_in_one_sentence(url: str, capsys: pytest.CaptureFixture[str]):
    assert call("report", "--week", "2026-W10", "--model", "small", "--db", url) == 1
    assert "too few answers in 2026-W10" in capsys.readouterr().err
    assert call("report", "--week", "2026-W10", "--db", url) == 0
    assert "nothing drifted in 2026-W10" in capsys.readouterr().err


def test_canaries_begin_with_an_example_that_is_not_overwritten(url: str, capsys: pytest.CaptureFixture[str]):
    assert call("canary", "check") == 2
    assert "make one with: routescope drift canary init" in capsys.readouterr().err
    assert call("canary", "init") == 0
    assert call("canary", "check", "--json") == 0
    assert json.loads(capsys.readouterr().out)["calls_per_model"] == 72
    assert call("canary", "init") == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--week", "47"], "names no week"),
        (["--week", "2026-W12"], "it has 2026-W10 to 2026-W10"),
        (["--model", "none"], "it has small"),
        (["--week", "2026-W10", "--all"], "do not go together"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(
    url: str, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert call("run", *arguments, "--db", url) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and "Traceback" not in captured.err
    assert captured.out == ""


def test_a_database_that_cannot_be_used_is_exit_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "no.db").write_text("this is no database at all, only some text" * 40)
    assert call("run", "--db", f"sqlite:///{tmp_path / 'no.db'}") == 1
    assert "no SQLite database" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["baseline", "2026-W09"], "it has 2026-W10 to 2026-W10"),
        (["baseline", "2026-W10", "--model", "none"], "has no answers in week 2026-W10; it has those of small"),
        (["baseline", "2026-W10", "--clear"], "give it no week"),
        (["report", "--week", "2026-W10", "--out", "x.html"], "name the --model"),
    ],
)
def test_a_baseline_or_report_that_cannot_be_is_refused_in_one_sentence(
    url: str, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert call(*arguments, "--db", url) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [*(("run",), ("watch",), ("baseline",), ("report",)), ("canary", "check"), ("canary", "send")],
    ids=" ".join,
)
def test_help_shows_an_example(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert call(*command, "--help") == 0
    assert "Example: routescope drift" in capsys.readouterr().out
