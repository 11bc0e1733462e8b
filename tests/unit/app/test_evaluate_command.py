"""``routescope evaluate``: sentences, JSON and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from tests.unit.router_core.policy.test_evaluation import JUDGE, POLICY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    return tmp_path


def evaluate(home: Path, policy: str, command: str) -> Result:
    file = home / "p.toml"
    file.write_text(policy, encoding="utf-8")
    return CliRunner().invoke(cli, ["evaluate", command, "--policy", str(file), "--json"])


def test_a_check_names_those_who_can_judge(home: Path) -> None:
    done = evaluate(home, POLICY + JUDGE, "check")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"valid": True, "evaluators": ["good"]})


def test_a_check_tells_all_that_cannot_be_read(home: Path) -> None:
    broken = JUDGE.replace('rubric = "Good answers help."', 'rubric_file = "none.md"')
    broken += '[evaluation.evaluators.facts]\nkind = "reference"\nfile = "none.jsonl"\n'
    done = evaluate(home, POLICY + broken, "check")
    assert done.exit_code == 1
    assert len(json.loads(done.stdout)["faults"]) == 2
    assert "evaluation.evaluators.good.rubric_file: it cannot be read (No such file" in done.stderr


def test_a_round_without_kept_answers_says_so_and_succeeds(home: Path) -> None:
    policy = POLICY + JUDGE + '[evaluation.routes.chat]\nevaluators = ["good"]\n'
    done = evaluate(home, policy, "run")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["judged"] == 0
    assert 'content is "off", so no answers are kept' in done.stderr


def test_a_status_of_nothing_says_what_to_do(home: Path) -> None:
    done = evaluate(home, POLICY, "status")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])
    assert "give the policy an [evaluation] section" in done.stderr


def test_the_check_of_a_policy_reads_rubrics_too(home: Path) -> None:
    file = home / "p.toml"
    file.write_text(
        POLICY + JUDGE.replace('rubric = "Good answers help."', 'rubric_file = "none.md"'), encoding="utf-8"
    )
    done = CliRunner().invoke(cli, ["policy", "check", str(file)])
    assert done.exit_code == 1
    assert "evaluation.evaluators.good.rubric_file: it cannot be read (No such file" in done.stderr


def test_a_round_of_a_route_that_is_not_judged_names_those_that_are(home: Path) -> None:
    file = home / "p.toml"
    file.write_text(POLICY + JUDGE + '[evaluation.routes.chat]\nevaluators = ["good"]\n', encoding="utf-8")
    done = CliRunner().invoke(cli, ["evaluate", "run", "--policy", str(file), "--route", "drafts"])
    assert done.exit_code == 2
    assert "the policy has no [evaluation.routes.drafts]; it judges chat" in done.stderr
