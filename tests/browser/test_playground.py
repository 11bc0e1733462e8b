"""One prompt, typed into a real browser, routed by the real gateway, found again on its decision's page."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from app.settings import GATEWAY_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from tests.browser.conftest import Tabs
from tests.browser.servers import ROOT, dashboard, free_port, running

pytestmark = pytest.mark.browser


@pytest.fixture
def playground(tmp_path):
    gateway = free_port()
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
        yield stack.enter_context(dashboard(environment))


def test_a_prompt_typed_in_the_playground_is_found_on_its_decision_page(playground: str, tab: Tabs) -> None:
    page = tab()
    page.goto(f"{playground}/playground?route=chat")
    page.get_by_label("Prompt").fill("What is 12 * (3 + 4)?", timeout=90_000)
    page.get_by_role("button", name="Send").click()
    answer = page.locator("[data-answer=final]")
    expect(answer).to_contain_text("84")
    expect(page.get_by_text("Router's own time")).to_be_visible()
    page.get_by_role("link", name="Open the decision's page").click()
    page.wait_for_url("**/decision?*decision=*")
    expect(page.get_by_text("calculator").first).to_be_visible(timeout=30_000)
    tab.leave(page)
