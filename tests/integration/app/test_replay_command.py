"""``routescope replay`` as people call it, on logs that the tests write."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from tests.logs import rows, write_log

# tiny and twin agree on three of four, once wrongly; huge is always right.
PROMPTS = [
    ("What is 2 + 2?", {"tiny": "4", "twin": "The answer is 4.", "huge": "4"}, "right"),
    ("Capital of France?", {"tiny": "Paris", "twin": "The capital is Paris.", "huge": "Paris."}, "right"),
    ("What is 17 * 3?", {"tiny": "41", "twin": "41", "huge": "51"}, "wrong"),
    ("What is 13 * 13?", {"tiny": "159", "twin": "189", "huge": "169"}, "wrong"),
]
GRADED = [
    {**row, "score": 1.0 if row["model"] == "huge" or right == "right" else 0.0, "dataset": "sums"}
    for (prompt, answers, right) in PROMPTS
    for row in rows([(prompt, answers, "")])
]
POLICY = """
format = 1
name = "mine"
default_route = "chat"
tiers = ["small", "large"]
[models.tiny]
tier = "small"
location = "local"
provider = { kind = "local", file = "smollm2-135m" }
price = { kind = "compute", usd_per_second = "0.001" }
[models.huge]
tier = "large"
location = "cloud"
provider = { kind = "litellm", model = "openai/huge" }
[validators.brief]
kind = "length"
max_words = 1
[routes.chat]
validators = ["brief"]
tools = []
strategy = { kind = "cascade", tiers = ["small", "large"] }
"""
DENY = """
[[rules]]
name = "no-numbers"
any_of = [{ intents = ["math"] }]
then = { kind = "deny", message = "no sums here" }
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTESCOPE_HOME", str(tmp_path / "home"))


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["replay", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    code, out, err = call(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv", "log.parquet"])
def test_a_log_of_any_format_is_replayed_with_every_probe_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    document = replayed(capsys, write_log(tmp_path / name, GRADED))
    result = document["result"]
    assert document["models"] == ["tiny", "twin", "huge"]
    assert result["prompts"] == 4
    assert result["accuracy"]["value"] == 0.75
    assert result["accuracy"]["low"] < 0.75 < result["accuracy"]["high"]
    assert result["escalated"] == 1
    assert result["cost_usd"] == pytest.approx(4 * 0.003 + 0.1)
    assert result["strongest"] == "huge"
    assert result["cost_ratio"] == pytest.approx(0.112 / 0.4)
    # Below huge alone, 0.4 USD: the mixture of nothing and huge that is as right costs 0.3 USD, with tiny less.
    assert result["hull_accuracy"] == pytest.approx(0.5 + 0.5 * (0.112 - 0.004) / (0.4 - 0.004))
    assert result["mix_accuracy"] == pytest.approx(result["hull_accuracy"])
    assert result["above_hull"]["value"] == pytest.approx(0.75 - result["hull_accuracy"])
    assert (result["oracle_accuracy"], result["oracle_cost_usd"]) == (1.0, pytest.approx(0.202))
    assert result["against_strongest"]["worse"] == 1
    singles = {one["model"]: (one["accuracy"]["value"], one["calls"], one["answers"]) for one in result["singles"]}
    assert singles == {"huge": (1.0, 1, 1), "tiny": (0.5, 4, 3), "twin": (0.5, 4, 0)}


def test_people_get_a_page_of_text_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, write_log(tmp_path / "log.jsonl", GRADED))
    assert code == 0
    assert "no --policy: tiny, twin are the cheapest by mean cost, huge the dearest" in out
    assert "this route" in out and "75.0 %" in out
    assert "Escalated: 1 prompts (25.0 %)." in out
    assert "Against huge alone: -25.0 points" in out and "at 28.0 % of its cost" in out
    assert err == ""


def test_the_callers_own_policy_is_replayed_with_its_validators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(POLICY)
    written = [row if row["model"] != "huge" else {**row, "response": "a long answer"} for row in GRADED]
    document = replayed(capsys, write_log(tmp_path / "log.jsonl", written), "--policy", policy)
    assert (document["policy"], document["route"], document["models"]) == ("mine", "chat", ["tiny", "huge"])
    assert document["notes"] == ["not of route chat, for comparison only: twin"]
    assert document["result"]["escalated"] == 0
    assert document["result"]["cost_usd"] == pytest.approx(0.004)


def test_costs_that_the_log_does_not_say_are_unknown_or_the_policys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(POLICY)
    written = [{**row, "cost_usd": None, "in_tokens": 100, "out_tokens": 10} for row in GRADED]
    document = replayed(capsys, write_log(tmp_path / "log.jsonl", written), "--policy", policy)
    # A call of tiny: a second to read 100 tokens and one to write 10, at 0.001 USD a second.
    assert document["result"]["cost_usd"] == pytest.approx(4 * 0.002)
    assert document["result"]["above_hull"] is not None
    unpriced = replayed(capsys, tmp_path / "log.jsonl", "--cheap", "tiny", "--cheap", "twin", "--strong", "huge")
    assert unpriced["result"]["cost_usd"] is None
    assert unpriced["result"]["above_hull"] is None
    assert unpriced["result"]["accuracy"]["value"] == 0.75


def test_prompts_that_a_rule_denies_count_as_wrong_and_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(POLICY + DENY)
    code, out, err = call(capsys, write_log(tmp_path / "log.jsonl", GRADED), "--policy", policy)
    assert code == 0, err
    assert "no answer to 3 prompts, which count as wrong" in out
    assert "no sums here" in out


def test_a_further_sample_is_not_in_the_log_and_is_never_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(POLICY.replace('kind = "length"\nmax_words = 1', 'kind = "self_consistency"'))
    document = replayed(capsys, write_log(tmp_path / "log.jsonl", GRADED), "--policy", policy)
    assert document["notes"][0] == "validators brief ask for what no log holds: these calls fail, and cost nothing"
    assert document["result"]["escalated"] == 4
    assert document["result"]["cost_usd"] == pytest.approx(4 * 0.101)
    assert {one["model"]: one["calls"] for one in document["result"]["singles"]} == {"tiny": 4, "huge": 4, "twin": 0}


def test_a_model_of_the_policy_may_be_asked_directly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(POLICY)
    log = write_log(tmp_path / "log.jsonl", [{**row, "response": None} for row in GRADED])
    document = replayed(capsys, log, "--policy", policy, "--route", "tiny")
    assert document["models"] == ["tiny"]
    assert document["result"]["accuracy"]["value"] == 0.5
    assert document["result"]["cost_usd"] == pytest.approx(0.004)
    code, _, err = call(capsys, log, "--policy", policy)
    assert code == 2
    assert "no column response, so the validators of route chat (brief) have nothing to compare" in err


def test_each_dataset_has_a_line_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = [{**row, "dataset": "places" if "France" in row["prompt"] else "sums"} for row in GRADED]
    log = write_log(tmp_path / "log.csv", written)
    parts = {part["dataset"]: part for part in replayed(capsys, log)["result"]["parts"]}
    assert {name: (part["prompts"], part["escalated"]) for name, part in parts.items()} == {
        "places": (1, 0),
        "sums": (3, 1),
    }
    assert parts["sums"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert parts["sums"]["cost_usd"] == pytest.approx(3 * 0.003 + 0.1)
    assert parts["places"]["strongest"] == 1
    assert "\nplaces " in call(capsys, log)[1]


def test_the_sweep_gives_the_curve_and_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_log(tmp_path / "log.jsonl", GRADED)
    curve = replayed(capsys, log, "--sweep")["sweep"]
    assert [one["label"] for one in curve["settings"]] == ["1 of 1 probes agree"]
    assert curve["settings"][0]["pgr"] == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    assert curve["apgr"] == pytest.approx(0.25 * 0.5 / 2 + 0.75 * (0.5 + 1) / 2)
    code, out, _ = call(capsys, log, "--sweep")
    assert code == 0
    assert "APGR 0.62; CPT(0.5) 25.0 %" in out


def test_a_limit_draws_the_same_prompts_for_the_same_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_log(tmp_path / "log.jsonl", GRADED)
    first = replayed(capsys, log, "--limit", "2", "--seed", "7")
    assert first["result"]["prompts"] == 2
    again = replayed(capsys, log, "--limit", "2", "--seed", "7")
    assert first["result"] == again["result"]
    assert "drawn by chance from 4 prompts, seed 7" in call(capsys, log, "--limit", "2", "--seed", "7")[1]


def test_nothing_is_stored_unless_asked_and_then_it_is_no_user_traffic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / "log.jsonl", GRADED)
    database = tmp_path / "decisions.db"
    replayed(capsys, log, "--db", f"sqlite:///{database}")
    assert not database.exists()
    assert replayed(capsys, log, "--record", "--db", f"sqlite:///{database}")["recorded"] == 4
    with sqlite3.connect(database) as connection:
        kept = connection.execute("SELECT DISTINCT purpose, simulated, route FROM request").fetchall()
        bill = connection.execute("SELECT sum(cost_nano) FROM branch").fetchone()[0]
    assert kept == [("shadow", 1, "cascade")]
    assert bill == 112_000_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.jsonl"], "there is no such file"),
        (["log.jsonl", "--strong", "hug"], "did you mean 'huge'"),
        (["log.jsonl", "--policy", "none.toml"], "there is no such file"),
        (["log.jsonl", "--policy", "p.toml", "--cheap", "tiny"], "give them or --policy"),
        (["log.jsonl", "--route", "chat"], "give --policy too"),
        (["log.jsonl", "--limit", "0"], "0"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "log.jsonl", GRADED)
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert words in err
    assert out == "" and "Traceback" not in err


def test_names_and_answers_of_a_log_cannot_speak_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = [{**row, "model": row["model"].replace("huge", "huge\u202e")} for row in GRADED]
    code, _, err = call(capsys, write_log(tmp_path / "log.jsonl", written))
    assert code == 2
    assert "control characters" in err and "\u202e" not in err


def test_the_command_runs_as_a_process_without_importing_what_it_does_not_need(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", GRADED)
    code = (
        "import sys; from app.cli import cli; cli.main(sys.argv[1:], standalone_mode=False); "
        "print({'litellm', 'streamlit', 'pyarrow', 'sqlmodel', 'evidently'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "replay", str(log), "--json"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["prompts"] == 4
    assert done.stderr.strip() == "set()"
