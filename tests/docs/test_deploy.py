"""The files that docs/deploy.md hands out are what it says they are."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.cli import cli
from app.login.file import LoginFile
from app.settings import DEFAULT_GATEWAY_PORT, DEFAULT_PORT, HOME_VARIABLE, LOGIN_VARIABLE, POLICY_VARIABLE
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "deploy"
CONTAINERFILE = FOLDER / "Containerfile"


def check_options(command: list[str]) -> None:
    """That RouteScope knows a command and its options; runs nothing."""
    assert command[0] == "routescope"
    known = cli.get_command(cli.make_context("routescope", [], resilient_parsing=True), command[1])
    assert known is not None
    known.make_context(command[1], command[2:])


def test_the_login_file_is_one_that_is_taken() -> None:
    login = LoginFile.model_validate(tomllib.loads((FOLDER / "login.toml").read_text()))
    assert login.auth.host == "routescope.example.org"


def test_the_unit_starts_what_there_is_with_variables_that_are_read() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "routescope.service")
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    check_options([Path(program).name, *arguments])
    text = (FOLDER / "routescope.service").read_text()
    assert set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)) == {
        HOME_VARIABLE,
        POLICY_VARIABLE,
        LOGIN_VARIABLE,
    }


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint comes for Linux alone")
def test_the_containerfile_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, CONTAINERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_containerfile_copies_what_is_here_and_runs_what_there_is() -> None:
    text = CONTAINERFILE.read_text().replace("\\\n", " ")
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in sources.split()), sources
    command = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)[-1]
    check_options(re.findall(r'"([^"]*)"', command))


def test_the_proxy_passes_on_to_the_ports_that_are_served() -> None:
    text = (FOLDER / "nginx.conf").read_text()
    ports = re.findall(r"proxy_pass http://127\.0\.0\.1:(\d+);", text)
    assert list(map(int, ports)) == [DEFAULT_GATEWAY_PORT, DEFAULT_PORT]
