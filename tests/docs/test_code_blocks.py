"""Every block of code in README and docs runs here, or is at least known to the program that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.cli import cli, main
from tests.docs.gateway_process import running_gateway
from tests.docs.pages import PAGES, ROOT, Block, blocks, shell_lines, words

README = ROOT / "README.md"
PYTHON = blocks("python")
SHELL = [(str(block), line) for block in blocks("bash", "console") for line in shell_lines(block)]
LASTING = {"up", "serve", "dashboard"}
GATEWAY = "http://127.0.0.1:4000"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def environment(home):
    """A home of its own; no key, no policy and no database from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROUTESCOPE_", "OPENAI_"))}
    scripts = str(Path(sys.executable).parent)
    return {**kept, "ROUTESCOPE_HOME": str(home), "PATH": os.pathsep.join([scripts, kept["PATH"]])}


@pytest.fixture(scope="module")
def gateway(environment):
    with running_gateway(environment) as url:
        yield url


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def test_every_block_says_its_language_and_is_of_a_kind_that_is_checked():
    for page in PAGES:
        fences = re.findall(r"^```(\w*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        # Policies are loaded by test_policy_page; text is for drawings.
        checked = {"python", "bash", "console", "text"} | ({"toml"} if page.name == "policy.md" else set())
        assert set(fences[::2]) <= checked, page.name
        assert not any(fences[1::2]), page.name


def test_every_relative_link_leads_to_a_file():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
        for target in targets:
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_blocks_run(block: Block, environment, gateway):
    done = run([sys.executable, "-c", block.code.replace(GATEWAY, gateway)], environment)
    assert done.returncode == 0, done.stderr
    assert "90" in done.stdout


def check_make(line: str) -> None:
    """Each target stands in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in words(line)[1:]:
        assert "=" in target or re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


def check_lasting(line: str) -> None:
    """A command that runs until it is stopped is known, with all its options."""
    _, name, *arguments = words(line)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_context(name, arguments)


def run_command(line: str, environment: dict[str, str], monkeypatch, capsys) -> subprocess.CompletedProcess[str]:
    """One of our commands: by the shell where it needs one, else in this process, since another takes a second."""
    if not set(line).isdisjoint("|<>;&*`("):
        return run(["bash", "-c", line], environment)
    with monkeypatch.context() as patch:
        patch.chdir(ROOT)
        for name in [name for name in os.environ if name not in environment]:
            patch.delenv(name)
        for name, text in environment.items():
            patch.setenv(name, text)
        with pytest.raises(SystemExit) as ended:
            main([os.path.expandvars(word) for word in words(line)[1:]])
    return subprocess.CompletedProcess(line, int(ended.value.code or 0), *capsys.readouterr())


@pytest.mark.parametrize(("place", "line"), SHELL, ids=[f"{place} {line}"[:60] for place, line in SHELL])
def test_shell_lines_run(place, line, environment, gateway, monkeypatch, capsys):
    program, *rest = words(line)
    match program:
        case "make":
            check_make(line)
        case "routescope" if rest[0] in LASTING:
            check_lasting(line)
        case "routescope":
            # The demo's counts would take minutes; everything else runs as it stands.
            line = line.replace("--requests 20000", "--requests 120")
            done = run_command(line, environment, monkeypatch, capsys)
            assert done.returncode == 0, done.stderr
        case "curl":
            if shutil.which("curl") is None:
                pytest.skip("curl is not installed here")
            done = run(["bash", "-c", line.replace(GATEWAY, gateway) + " --fail-with-body -sS"], environment)
            assert done.returncode == 0, done.stdout + done.stderr
            answer = json.loads(done.stdout)
            assert answer["choices"][0]["message"]["content"] == "90"
            assert answer["routescope"]["commit"] == "committed"
        case "python" | ".venv/bin/python":
            assert (ROOT / rest[0]).is_file(), rest[0]
        case _:
            pytest.fail(f"{place}: nothing here checks {program}")


def test_inline_commands_of_the_readme_are_commands():
    text = README.read_text(encoding="utf-8")
    for line in re.findall(r"`(routescope [^`]+)`", text):
        _, name, *_ = words(line)
        assert cli.get_command(click.Context(cli), name) is not None, line
