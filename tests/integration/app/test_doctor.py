"""The doctor looks at real things: this Python, a folder, a file, a database, a port. It changes none of them."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import doctor as doctoring
from app.doctor import Check, doctor, examine
from app.settings import Settings, shipped
from router_core.providers.catalog import CATALOG


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROUTESCOPE_HOME", str(tmp_path / "home"))
    for name in ("ROUTESCOPE_POLICY", "ROUTESCOPE_DATABASE_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_sound_machine_without_models_passes_with_warnings_that_say_how_to_get_them(home: Path) -> None:
    arguments = ["--json", "--port", str(free_port()), "--gateway-port", str(free_port())]
    result = CliRunner().invoke(doctor, arguments)
    checks = json.loads(result.stdout)["checks"]
    assert result.exit_code == 0, checks
    assert {"python", "libgomp", "llama.cpp", "litellm", "policy", "database", "disk", "port"} <= {
        check["name"] for check in checks
    }
    remedies = [check["remedy"] for check in checks if check["name"] == "model"]
    assert remedies == [f"run `routescope models pull {entry.name}`" for entry in CATALOG]
    assert not home.exists(), "the doctor makes nothing"


def test_a_broken_policy_fails_and_the_exit_code_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("format = 2\n")
    result = CliRunner().invoke(doctor, ["--policy", str(broken)])
    assert result.exit_code == 1
    assert f"routescope policy check {broken}" in result.stdout


def test_keys_are_named_and_never_shown() -> None:
    environ = {"OPENAI_API_KEY": "sk-very-secret-0000"}
    settings = Settings.read(policy=shipped("policies") / "cloud.toml")
    checks = examine(settings, ports=(), environ=environ)
    found = {check.found: check.outcome for check in checks if check.name == "key"}
    assert found["OPENAI_API_KEY is set, for gpt-small, gpt-large"] == "ok"
    assert "warn" in found.values()
    assert "very-secret" not in repr(checks)


def test_a_policy_of_hosted_models_without_any_key_fails() -> None:
    checks = doctoring.keys(shipped("policies") / "cloud.toml", {})
    assert checks[-1] == Check("keys", "fail", "no model of the policy has its key", "set at least one of them")


def test_a_model_file_that_is_another_is_found(tmp_path: Path) -> None:
    (tmp_path / CATALOG[0].file).write_bytes(b"not a model")
    first = doctoring.model_files(tmp_path)[0]
    assert first.outcome == "fail"
    assert "move it away and run `routescope models pull smollm2-135m`" in first.remedy


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.83.9"])
def test_bad_releases_of_litellm_fail(version: str) -> None:
    assert doctoring.litellm_release(version).outcome == "fail"


@pytest.mark.parametrize(("version", "outcome"), [((3, 10, 9), "fail"), ((3, 13, 1), "ok"), ((3, 14, 0), "fail")])
def test_pythons_out_of_range_fail(version: tuple[int, ...], outcome: str) -> None:
    assert doctoring.python_version(version).outcome == outcome


def test_an_unknown_pth_that_runs_code_fails_and_one_that_only_names_folders_passes(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").write_text("/somewhere/else\n")
    (tmp_path / "distutils-precedence.pth").write_text("import os\n")
    assert doctoring.startup_code(tmp_path).outcome == "ok"
    (tmp_path / "litellm_init.pth").write_text("import os; os.system('true')\n")
    check = doctoring.startup_code(tmp_path)
    assert check.outcome == "fail"
    assert "litellm_init.pth" in check.found


def test_a_taken_port_is_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        check = doctoring.free_port(taken.getsockname()[1])
    assert (check.outcome, "is taken" in check.found) == ("warn", True)
    assert doctoring.free_port(70_000).outcome == "warn"


def test_a_database_that_is_none_fails_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is text, not a database, and long enough to be seen as such" * 40)
    assert doctoring.database(f"sqlite:///{path}").outcome == "fail"
    assert doctoring.database("nonsense").outcome == "fail"
    assert doctoring.database("oracle://x/y").outcome == "fail"


def test_a_locked_database_fails_and_a_free_one_passes(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    assert doctoring.database(f"sqlite:///{path}").outcome == "ok"
    other.execute("BEGIN IMMEDIATE")
    assert "locked" in doctoring.database(f"sqlite:///{path}").found
    other.close()


def test_a_database_of_a_folder_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert doctoring.database(f"sqlite:///{tmp_path}/file/x.db").outcome == "fail"
