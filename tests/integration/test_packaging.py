"""The built wheel works in an empty environment, from a folder that holds somebody else's ``app``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.serving import free_port

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
MALICIOUS = {"1.82.7", "1.82.8"}


def done(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ROUTESCOPE_", "PYTHON", "VIRTUAL_ENV"))}
    env = {**clean, **environment}
    found = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=170
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


def imported_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after this code."""
    words = done(
        sys.executable, "-c", f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    )
    return set(words.split())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done(UV, "build", "--wheel", "--quiet", "--out-dir", folder, ROOT)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel and exactly the locked dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    done(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    locked = folder / "locked.txt"
    locked.write_text(done(UV, "export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"))
    python = folder / "venv" / "bin" / "python"
    done(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", locked)
    done(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    return python


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory whose own ``app`` must never be imported."""
    package = tmp_path / "work" / "app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('a foreign app was imported')\n")
    return package.parent


def test_the_wheel_holds_the_three_packages_the_policies_and_the_theme(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"router_core", "telemetry", "app"}
    for policy in ("local", "cloud", "mixed"):
        assert f"app/shipped/policies/{policy}.toml" in names
    assert any(name.startswith("app/shipped/policies/docs/") for name in names)
    assert "app/shipped/.streamlit/config.toml" in names
    assert "router_core/signals/data/intents.npz" in names
    assert "app/static/style.css" in names


@pytest.mark.timeout(400)
def test_the_installed_command_routes_from_a_folder_with_a_foreign_app(
    python: Path, elsewhere: Path, tmp_path: Path
) -> None:
    where = done(python, "-P", "-c", "import app; print(app.__file__)", cwd=elsewhere)
    assert str(ROOT) not in where
    command = python.with_name("routescope")
    text = done(command, "route", "12*7", "--json", cwd=elsewhere, ROUTESCOPE_HOME=str(tmp_path / "home"))
    decision = json.loads(text)
    assert (decision["answer"], decision["commit"]) == ("84", "committed")


@pytest.mark.timeout(400)
def test_the_installed_dashboard_serves_its_page_from_there(python: Path, elsewhere: Path, tmp_path: Path) -> None:
    port, gateway_port = free_port(), free_port()
    places = ["--port", str(port), "--gateway-port", str(gateway_port)]
    env = {**os.environ, "ROUTESCOPE_HOME": str(tmp_path / "home")}
    command = [str(python.with_name("routescope")), "dashboard", *places]
    child = subprocess.Popen(command, cwd=elsewhere, env=env, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 90
        while (health := fetched(f"http://127.0.0.1:{port}/_stcore/health")) is None:
            assert child.poll() is None, "the dashboard ended while it started"
            assert time.monotonic() < until, "the dashboard is not up"
            time.sleep(0.3)
        assert health == "ok"
        assert '<div id="root">' in (fetched(f"http://127.0.0.1:{port}/") or "")
    finally:
        child.send_signal(2)
        child.wait(60)


def fetched(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return str(reply.read().decode())
    except OSError:
        return None


def test_the_core_imports_nothing_heavy() -> None:
    modules = imported_by("import router_core, router_core.router")
    assert not modules & {"litellm", "evidently", "streamlit", "sqlmodel", "aiohttp", "xllamacpp", "pandas"}


def test_no_page_imports_litellm_or_evidently() -> None:
    pages = sorted(path.stem for path in (ROOT / "app" / "pages").glob("*.py") if path.stem != "__init__")
    assert pages
    code = "; ".join(f"import app.pages.{page}" for page in pages)
    modules = imported_by(code)
    assert "streamlit" in modules
    assert not modules & {"litellm", "evidently"}


def test_litellm_is_not_one_of_the_releases_that_stole_credentials() -> None:
    assert version("litellm") not in MALICIOUS
    assert tuple(int(part) for part in version("litellm").split(".")[:2]) >= (1, 84)


def test_no_unknown_path_file_runs_at_the_start_of_the_interpreter() -> None:
    site = Path(done(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    known = {"_editable_impl_routescope.pth", "distutils-precedence.pth", "_virtualenv.pth"}
    assert {file.name for file in site.glob("*.pth")} <= known
