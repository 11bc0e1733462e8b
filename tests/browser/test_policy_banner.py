"""The banner over a refused policy in a real browser: on every page, coming and going without a click."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.dashboard import navigation
from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from tests.browser.conftest import Tabs
from tests.browser.servers import ROOT, dashboard, free_port, running
from tests.serving import write_policy

pytestmark = pytest.mark.browser


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path, "http://127.0.0.1:9/v1")


@pytest.fixture
def address(policy: Path, tmp_path: Path) -> Iterator[str]:
    gateway = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE},
        "PYTHONPATH": str(ROOT),
        HOME_VARIABLE: str(tmp_path / "home"),
        POLICY_VARIABLE: str(policy),
        GATEWAY_VARIABLE: f"http://127.0.0.1:{gateway}",
    }
    with ExitStack() as stack:
        serve = ["-m", "app.cli", "serve", "--no-pull", "--port", str(gateway)]
        stack.enter_context(running(serve, environment, f"http://127.0.0.1:{gateway}/healthz"))
        yield stack.enter_context(dashboard(environment))


def test_a_refused_policy_is_told_on_every_page_and_no_longer_when_it_is_mended(
    address: str, policy: Path, tab: Tabs
) -> None:
    sound = policy.read_text(encoding="utf-8")
    line = sound.splitlines().index('validators = ["polite"]') + 1
    page = tab()
    banner = page.locator(".rs-banner-bad", has_text="refused since")
    page.goto(f"{address}/overview")
    expect(page.locator(".rs-head")).to_be_visible()
    expect(banner).to_have_count(0)
    policy.write_text(sound.replace('validators = ["polite"]', 'validators = ["rude"]'), encoding="utf-8")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text(f"loopback.toml:{line}: routes.chat.validators: ")
    expect(banner).to_contain_text("still decides")
    for place in navigation.PLACES:
        page.goto(f"{address}/{place.url_path}")
        expect(banner, place.title).to_be_visible()
    policy.write_text(sound, encoding="utf-8")
    expect(banner).to_have_count(0)
    tab.leave(page)
