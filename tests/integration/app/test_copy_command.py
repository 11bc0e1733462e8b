"""``routescope db copy``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from app.cli import cli
from telemetry.errors import CopyRefused, DatabaseUnreachable
from telemetry.setup import Telemetry
from tests.traces import Routed, emit


def called(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["db", "copy", *arguments])


def filled(folder: Path) -> str:
    url = f"sqlite:///{folder / 'source.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("one"))
    return url


def test_a_copy_says_what_it_did_and_gives_it_as_json(tmp_path: Path):
    source, destination = filled(tmp_path), f"sqlite:///{tmp_path / 'copy.db'}"
    done = called(source, destination, "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["rows"]["request"], document["sent"]["request"]) == (1, 1)
    assert "1 decisions" in done.stderr and "request: 1 rows" in done.stderr
    again = json.loads(called(source, destination, "--json").stdout)
    assert (again["rows"]["request"], again["sent"]["request"]) == (1, 0)


def test_a_source_that_is_not_there_is_refused_and_no_destination_is_made(tmp_path: Path):
    refused = called(f"sqlite:///{tmp_path / 'absent.db'}", f"sqlite:///{tmp_path / 'copy.db'}")
    assert isinstance(refused.exception, CopyRefused)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    refused = called(filled(tmp_path), "postgresql://me:s3cret@127.0.0.1:1/store")
    assert isinstance(refused.exception, DatabaseUnreachable)
    assert "127.0.0.1:1" in str(refused.exception) and "s3cret" not in str(refused.exception)
