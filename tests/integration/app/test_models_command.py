"""``routescope models`` as a user meets it: listing, pulling, refusing, removing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.models_command import models
from router_core.providers.catalog import CATALOG, find
from tests.local_models import SMALL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROUTESCOPE_HOME", str(tmp_path))
    monkeypatch.delenv("ROUTESCOPE_POLICY", raising=False)
    return tmp_path


def test_the_list_says_size_state_licence_and_who_uses_it(home: Path) -> None:
    result = CliRunner().invoke(models, ["list", "--json"])
    assert result.exit_code == 0, result.output
    value = json.loads(result.stdout)
    assert value["folder"] == str(home / "models")
    assert [row["name"] for row in value["models"]] == [entry.name for entry in CATALOG]
    assert value["models"][0] | {"state": "absent", "licence": "Apache-2.0", "used_by": [SMALL]} == value["models"][0]


def test_the_list_of_a_broken_policy_still_shows_the_files(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("nonsense")
    result = CliRunner().invoke(models, ["list", "--policy", str(tmp_path / "p.toml")])
    assert result.exit_code == 0
    assert "not pulled; not used by the policy" in result.stdout
    assert "the policy cannot be read" in result.stderr


@pytest.mark.parametrize("command", ["pull", "remove"])
def test_an_unknown_name_is_a_usage_error_with_the_nearest_name(command: str) -> None:
    result = CliRunner().invoke(models, [command, "smollm"])
    assert result.exit_code == 2
    assert "did you mean 'smollm2-135m'?" in result.stderr
    assert result.stdout == ""


def test_a_wrong_file_in_the_way_fails_in_one_sentence_and_stays(home: Path) -> None:
    path = home / "models" / find(SMALL).file
    path.parent.mkdir()
    path.write_bytes(b"mine")
    result = CliRunner().invoke(models, ["pull", SMALL])
    assert result.exit_code == 1
    assert "is not the file it should be" in result.stderr
    assert path.read_bytes() == b"mine"


def test_removing_what_is_not_here_is_no_error() -> None:
    result = CliRunner().invoke(models, ["remove", SMALL, "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"name": SMALL, "freed_bytes": 0})


@pytest.mark.local_model
def test_pulling_tells_its_progress_and_removing_frees_the_space(home: Path) -> None:
    pulled = CliRunner().invoke(models, ["pull", SMALL, "--json"])
    assert pulled.exit_code == 0, pulled.output
    assert json.loads(pulled.stdout)["sha256"] == find(SMALL).sha256
    assert "verifying, 100%" in pulled.stderr
    assert "\r" not in pulled.stderr
    listed = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)
    assert listed["models"][0]["state"] == "verified"
    removed = CliRunner().invoke(models, ["remove", SMALL])
    assert "98 MB freed" in removed.stderr
    assert not list((home / "models").glob("*.gguf"))


@pytest.mark.parametrize("command", [["list"], ["pull"], ["remove"]])
def test_each_command_shows_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(models, [*command, "--help"])
    assert result.exit_code == 0
    assert "Example: routescope models" in result.stdout
