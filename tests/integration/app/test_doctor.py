"""The doctor looks at real things: this Python, a folder, a file, a database, a port. It changes none of them."""

from __future__ import annotations

import json
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.doctor import access, machine, policy, store
from app.doctor.check import Check
from app.doctor.command import doctor, examine
from app.keys.key import Key
from app.keys.store import create
from app.settings import Settings, shipped
from router_core.providers.catalog import CATALOG
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.operation import JOB_RUN
from tests.openid import CLIENT_SECRET, COOKIE_SECRET, OpenIdProvider, login_file

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECRETS = (CLIENT_SECRET, COOKIE_SECRET)


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
    checks = policy.keys(shipped("policies") / "cloud.toml", {})
    assert checks[-1] == Check("keys", "fail", "no model of the policy has its key", "set at least one of them")


def test_a_model_file_that_is_another_is_found(tmp_path: Path) -> None:
    (tmp_path / CATALOG[0].file).write_bytes(b"not a model")
    first = policy.model_files(tmp_path)[0]
    assert first.outcome == "fail"
    assert "move it away and run `routescope models pull smollm2-135m`" in first.remedy


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.83.9"])
def test_bad_releases_of_litellm_fail(version: str) -> None:
    assert machine.litellm_release(version).outcome == "fail"


@pytest.mark.parametrize(("version", "outcome"), [((3, 10, 9), "fail"), ((3, 13, 1), "ok"), ((3, 14, 0), "fail")])
def test_pythons_out_of_range_fail(version: tuple[int, ...], outcome: str) -> None:
    assert machine.python_version(version).outcome == outcome


def test_an_unknown_pth_that_runs_code_fails_and_one_that_only_names_folders_passes(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").write_text("/somewhere/else\n")
    (tmp_path / "distutils-precedence.pth").write_text("import os\n")
    assert machine.startup_code(tmp_path).outcome == "ok"
    (tmp_path / "litellm_init.pth").write_text("import os; os.system('true')\n")
    check = machine.startup_code(tmp_path)
    assert check.outcome == "fail"
    assert "litellm_init.pth" in check.found


def test_a_taken_port_is_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        check = machine.free_port(taken.getsockname()[1])
    assert (check.outcome, "is taken" in check.found) == ("warn", True)
    assert machine.free_port(70_000).outcome == "warn"


def test_a_database_that_is_none_fails_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is text, not a database, and long enough to be seen as such" * 40)
    assert store.database(f"sqlite:///{path}").outcome == "fail"
    assert store.database("nonsense").outcome == "fail"
    assert store.database("oracle://x/y").outcome == "fail"


def test_a_locked_database_fails_and_a_free_one_passes(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    assert store.database(f"sqlite:///{path}").outcome == "ok"
    other.execute("BEGIN IMMEDIATE")
    assert "locked" in store.database(f"sqlite:///{path}").found
    other.close()


def test_a_database_of_a_folder_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert store.database(f"sqlite:///{tmp_path}/file/x.db").outcome == "fail"


def kept(home: Path) -> str:
    """A store of ours, with nothing in it."""
    url = f"sqlite:///{home / 'routescope.db'}"
    with Telemetry.open(url, home=home):
        return url


def test_jobs_that_nobody_runs_any_more_are_a_warning(home: Path) -> None:
    url = kept(home)
    assert [check.outcome for check in store.jobs(url)] == ["ok"]
    with writing(open_engine(url)) as connection:
        ran = {"started": NOW - timedelta(days=3), "seconds": 1.0, "outcome": "failed", "error": "full"}
        connection.execute(sa.insert(JOB_RUN), [{"run_id": "1", "holder": "h", "job": "prune", **ran}])
    failed, idle = store.jobs(url, NOW)
    assert (failed.outcome, "prune failed" in failed.found) == ("warn", True)
    assert (idle.outcome, "none has run since 2026-11-21" in idle.found) == ("warn", True)
    assert [check.outcome for check in store.jobs(url, NOW - timedelta(days=2))] == ["warn", "ok"]


def test_a_gateway_without_keys_is_a_warning_once_visitors_come_from_elsewhere(home: Path) -> None:
    url = kept(home)
    assert [check.outcome for check in access.gateway_keys(url, None)] == ["ok"]
    assert [check.outcome for check in access.gateway_keys(url, home / "login.toml")] == ["warn"]
    create(open_engine(url), Key("0" * 12, "billing", "acme", "client", None, None, NOW, "anna"))
    assert "1 active key" in access.gateway_keys(url, home / "login.toml")[0].found


def test_a_login_is_looked_at_and_its_provider_asked(tmp_path: Path) -> None:
    assert [check.outcome for check in access.login(None)] == ["ok"]
    assert [check.outcome for check in access.login(tmp_path / "none.toml")] == ["fail"]
    with OpenIdProvider() as provider:
        file = tmp_path / "login.toml"
        file.write_text(login_file(provider, "http://localhost:8501", 'viewers = ["@example.org"]'))
        file.chmod(0o600)
        assert [(check.outcome, provider.url in check.found) for check in access.login(file)] == [("ok", True)]
        file.chmod(0o644)
        assert [check.outcome for check in access.login(file)] == ["ok", "warn"]
        assert access.provider_answers(f"{provider.url}/keys").outcome == "warn"
    assert access.login(file)[0].outcome == "warn"
    assert not any(secret in f"{check.found}{check.remedy}" for check in access.login(file) for secret in SECRETS)
