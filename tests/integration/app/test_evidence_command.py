"""`routescope evidence`: made, checked and refused as somebody at a terminal does it."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.cli import main
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from telemetry.evidence.key import NAME
from telemetry.setup import Telemetry
from tests.traces import Routed, emit
from tests.unit.router_core.policy.test_loading import SOUND

NOW = datetime.now(UTC)


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A decision of today, one of 20 days ago, and one that a demo made up."""
    policy, home = tmp_path / "policy.toml", tmp_path / "home"
    policy.write_text(SOUND)
    for name, value in ((HOME_VARIABLE, str(home)), (POLICY_VARIABLE, str(policy))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for name, days, simulated in (("new", 0, False), ("old", 20, False), ("demo", 0, True)):
            emit(tracer, Routed(name, at=NOW - timedelta(days=days, minutes=1), simulated=simulated))
    return home


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["evidence", *arguments])
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


def test_what_is_written_is_intact_and_known_to_the_home_that_signed_it(run: Any, tmp_path: Path) -> None:
    out = str(tmp_path / "e.zip")
    made = run("export", "--range", "30d", "--out", out)
    assert (made.code, made.out) == (0, "")
    assert "2 decisions, 2 branches and 0 policy versions" in made.err
    checked = run("verify", out)
    assert checked.code == 0
    assert "intact, 7 files" in checked.err
    assert "signed by the key of this home folder" in checked.err


def test_the_key_asked_for_has_to_be_the_one_that_signed(run: Any, tmp_path: Path) -> None:
    out = str(tmp_path / "e.zip")
    run("export", "--out", out)
    own = run("key").out.splitlines()[0]
    assert run("verify", out, "--fingerprint", own).code == 0
    other = run("verify", out, "--fingerprint", own[::-1])
    assert other.code == 1
    assert "not the one asked for" in other.err


def test_a_key_that_nothing_here_knows_is_said(run: Any, home: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "e.zip")
    run("export", "--out", out)
    (home / NAME).unlink()
    checked = run("verify", out)
    assert checked.code == 0
    assert "a key that nothing here knows: compare its fingerprint" in checked.err
    assert not (home / NAME).exists()


def test_a_file_that_was_changed_has_exit_code_1_and_says_where(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "e.zip"
    run("export", "--out", str(out))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("\x1b[31mmore", "x")
    checked = run("verify", str(out), "--json")
    assert checked.code == 1
    assert "␛[31mmore: it was added" in checked.err
    assert json.loads(checked.out)["intact"] is False


def test_json_tells_what_was_made_and_what_was_found(run: Any, tmp_path: Path) -> None:
    out = str(tmp_path / "e.zip")
    made = json.loads(run("export", "--since", "2000-01-01", "--simulated", "all", "--out", out, "--json").out)
    assert (made["decisions"], made["branches"], made["out"]) == (3, 3, out)
    found = json.loads(run("verify", out, "--json").out)
    assert (found["intact"], found["key"], found["fingerprint"]) == (True, "this home", made["fingerprint"])
    key = json.loads(run("key", "--json").out)
    assert key["fingerprint"] == made["fingerprint"]
    assert key["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_periods_are_taken_as_everywhere(run: Any, tmp_path: Path) -> None:
    out = str(tmp_path / "e.zip")
    assert "1 decisions" in run("export", "--range", "7d", "--out", out).err
    assert run("export", "--range", "7d", "--since", "2026-01-01", "--out", out).code == 2
    backwards = run("export", "--since", "2026-02-01", "--until", "2026-01-01", "--out", out)
    assert (backwards.code, "is not before" in backwards.err) == (2, True)
    assert run("export").code == 2


def test_what_is_no_evidence_is_one_sentence(run: Any, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("nothing")
    checked = run("verify", str(tmp_path / "x.zip"))
    assert checked.code == 1
    assert "this cannot be read as evidence" in checked.err
    assert "Traceback" not in checked.err
    assert run("verify", str(tmp_path / "none.zip")).code == 2
