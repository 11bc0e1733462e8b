"""One prompt, typed into a real browser, routed by the real gateway, found again on its decision's page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.launch import is_up
from app.settings import GATEWAY_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(arguments, environment, health):
    child = subprocess.Popen([sys.executable, "-P", *arguments], env=environment, cwd=ROOT, stdin=subprocess.PIPE)
    try:
        end = time.monotonic() + 60
        while not is_up(health):
            assert child.poll() is None, f"{arguments} ended with code {child.returncode}"
            assert time.monotonic() < end, f"{arguments} did not come up"
            time.sleep(0.1)
        yield
    finally:
        child.terminate()
        child.wait(20)


@pytest.fixture
def playground(tmp_path):
    gateway, port = free_port(), free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        HOME_VARIABLE: str(tmp_path),
        POLICY_VARIABLE: str(ROOT / "policies" / "local.toml"),
        GATEWAY_VARIABLE: f"http://127.0.0.1:{gateway}",
    }
    with ExitStack() as stack:
        serve = ["-m", "app.cli", "serve", "--no-pull", "--port", str(gateway)]
        stack.enter_context(running(serve, environment, f"http://127.0.0.1:{gateway}/healthz"))
        pages = ["-m", "app.dashboard", "--server.port", str(port)]
        stack.enter_context(running(pages, environment, f"http://127.0.0.1:{port}/_stcore/health"))
        yield f"http://127.0.0.1:{port}"


def test_a_prompt_typed_in_the_playground_is_found_on_its_decision_page(playground: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{playground}/playground?route=chat")
    page.get_by_label("Prompt").fill("What is 12 * (3 + 4)?", timeout=60_000)
    page.get_by_role("button", name="Send").click()
    answer = page.locator("[data-answer=final]")
    expect(answer).to_contain_text("84", timeout=30_000)
    expect(page.get_by_text("Router's own time")).to_be_visible()
    page.get_by_role("link", name="Open the decision's page").click()
    page.wait_for_url("**/decision?*decision=*", timeout=30_000)
    expect(page.get_by_text("calculator").first).to_be_visible(timeout=30_000)
    page.close()
