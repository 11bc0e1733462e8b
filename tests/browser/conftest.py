"""A real dashboard over a real store, and a real Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from telemetry.evaluation import record
from telemetry.setup import Telemetry
from tests.evaluations import judged, scored
from tests.traces import Attempt, Routed, emit

# How long something takes is no question of these tests: a shared machine draws a page in ten seconds.
expect.set_options(timeout=90_000)

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **bold** [x](javascript:alert(1))"
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_S = 120.0


@dataclass(frozen=True)
class Dashboard:
    """A running one."""

    url: str
    escalated: str
    """A decision that escalated, with hostile content."""


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    home = tmp_path_factory.mktemp("dashboard")
    escalated = _fill(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    # As `routescope up` starts it: with Streamlit's own command the first deep link shows a page without its frame.
    command = [sys.executable, "-P", "-m", "app.dashboard", f"--server.port={port}"]
    log = (home / "dashboard.log").open("wb")
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, HOME_VARIABLE: str(home)},
        # It ends when this pipe does.
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Dashboard(f"http://127.0.0.1:{port}", escalated)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI skips nothing")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield opened
        opened.close()


class Tabs:
    """Pages to look at dashboards with, which are used again: a new one costs five seconds of compiling scripts.

    What a page remembers of its visit (the document, its session, what it stored) is gone when another visit begins.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[Page] = []

    def __call__(self, *, width: int = 1440, height: int = 1000, scheme: Literal["light", "dark"] = "light") -> Page:
        """A page of a size, in a theme."""
        page = self._free.pop() if self._free else self._browser.new_page()
        page.set_default_timeout(90_000)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        return page

    def leave(self, page: Page) -> None:
        """Somebody else may have this page. It stays with its server, whose scripts it has compiled."""
        page.goto(urljoin(page.url, "/_stcore/health"))
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.context.clear_cookies()
        self._free.append(page)


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
def visit(tab: Tabs, dashboard: Dashboard) -> Iterator[Callable[..., Page]]:
    """Open an address of the dashboard at a width, in a theme: always in the same page, as a reader would.

    Fails when the page asks anything of another host.
    """
    page = tab()
    foreign: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(dashboard.url):
            foreign.append(request.url)

    def open_address(path: str, *, width: int = 1440, scheme: Literal["light", "dark"] = "light") -> Page:
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme=scheme)
        page.goto(dashboard.url + path)
        page.wait_for_selector(".rs-head")
        return page

    page.on("request", note)
    yield open_address
    page.remove_listener("request", note)
    tab.leave(page)
    assert foreign == []


def _fill(home: Path) -> str:
    """Sixty days of a few decisions each, one of them escalated and hostile."""
    now = datetime.now(UTC)
    escalated = "e5ca1a7ed" + "0" * 23
    with Telemetry.open(
        f"sqlite:///{home / 'routescope.db'}", home=home, content="full", durability="async"
    ) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(240):
            model = ("small", "large", "calculator")[number % 3]
            attempt = Attempt(model=model, kind="tool" if model == "calculator" else "model", cost_nano=2_000_000)
            at = now - timedelta(hours=2 + 6 * number)
            emit(tracer, Routed(f"{number:032x}", at=at, attempts=(attempt,), intent="chat", simulated=number % 2 == 0))
        attempts = (Attempt(model="small", outcome="rejected"), Attempt(model="large", answer=HOSTILE))
        emit(
            tracer, Routed(escalated, at=now - timedelta(minutes=30), attempts=attempts, intent="code", prompt=HOSTILE)
        )
        assert telemetry.sink.force_flush(60_000)
        for number in range(1, 120, 2):
            said = judged(f"{number:032x}", number % 8 != 1, scores=scored(0.9 - (number % 3) / 5))
            assert record(telemetry.engine, telemetry.content, said)
    return escalated


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the dashboard ended at once with code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the dashboard did not answer within {START_S:.0f} s")
