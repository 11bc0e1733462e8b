"""Logging in to the dashboard with a real provider on loopback, and what each role then sees."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.launch import Addresses, child_environment, dashboard_command
from app.settings import Settings
from telemetry.setup import Telemetry
from tests.browser.conftest import ROOT, Tabs, wait_for
from tests.openid import CLIENT_SECRET, COOKIE_SECRET, OpenIdProvider, login_file
from tests.traces import Attempt, Routed, emit

pytestmark = pytest.mark.browser

SAID = "the quarterly figures of Vantage"
ASKED = "a" * 32
ROLES = 'operators = ["anna@example.org"]\nviewers = ["@example.org"]'


@dataclass
class Guarded:
    """A dashboard that asks who comes, and the provider that knows."""

    url: str
    provider: OpenIdProvider
    file: Path
    log: Path

    def enter(self, page: Page, email: str, path: str = "/") -> None:
        """Come to the door as somebody and go through."""
        self.provider.says = {"email": email, "email_verified": True}
        page.goto(self.url + path)
        page.get_by_role("button", name="Log in").click()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("guarded")
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, content="full", durability="async") as kept:
        at = datetime.now(UTC) - timedelta(hours=1)
        attempt = Attempt(model="small", answer=SAID)
        emit(kept.tracer_provider.get_tracer("test"), Routed(ASKED, at=at, attempts=(attempt,), prompt=SAID))
        assert kept.sink.force_flush(60_000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with OpenIdProvider() as provider, (home / "log").open("wb") as log:
        addresses = Addresses("127.0.0.1", 1, port)
        file = home / "login.toml"
        file.write_text(login_file(provider, addresses.dashboard_url, ROLES))
        settings = Settings.read(environ={"ROUTESCOPE_HOME": str(home), "ROUTESCOPE_LOGIN": str(file)})
        environment = {**child_environment(settings, addresses), "ROUTESCOPE_HOME": str(home)}
        process = subprocess.Popen(
            dashboard_command(addresses, file),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"{addresses.dashboard_url}/_stcore/health", process)
            yield Guarded(addresses.dashboard_url, provider, file, home / "log")
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def page(tab: Tabs, guarded: Guarded) -> Iterator[Page]:
    """One that nobody has logged in with."""
    opened = tab()
    assert opened.context.cookies() == []
    yield opened
    tab.leave(opened)


def test_a_viewer_sees_numbers_and_no_words(guarded: Guarded, page: Page) -> None:
    guarded.enter(page, "ben@example.org")
    expect(page.get_by_text("ben@example.org, viewer")).to_be_visible()
    expect(page.get_by_role("link", name="Decisions").first).to_be_visible()
    expect(page.get_by_role("link", name="Playground")).to_have_count(0)
    page.goto(f"{guarded.url}/decisions?decision={ASKED}")
    expect(page.get_by_text("Only operators see what was said.", exact=False)).to_be_visible()
    expect(page.get_by_text("Nobody has said anything yet.")).to_be_visible()
    assert SAID not in page.content()
    expect(page.get_by_role("button", name="Good")).to_have_count(0)
    page.goto(f"{guarded.url}/decisions?q=quarterly")
    expect(page.get_by_text("Only operators search what was said.", exact=False)).to_be_visible()
    page.goto(f"{guarded.url}/playground")
    expect(page.get_by_text("You may look, not act")).to_be_visible()


def test_an_operator_sees_words_and_is_out_once_the_file_says_so(guarded: Guarded, page: Page) -> None:
    guarded.enter(page, "anna@example.org", f"/decisions?decision={ASKED}")
    expect(page.get_by_text("anna@example.org, operator")).to_be_visible()
    expect(page.get_by_role("link", name="Playground", exact=True)).to_be_visible()
    # Where the link led before the provider sent her back to the front page.
    expect(page.get_by_text(SAID).first).to_be_visible()
    assert f"decision={ASKED}" in page.url
    sound = guarded.file.read_text()
    guarded.file.write_text(sound.replace("anna@example.org", "carla@example.org").replace('"@example.org"', ""))
    try:
        page.reload()
        expect(page.get_by_text("You are logged in, and have no role here")).to_be_visible()
        assert SAID not in page.content()
    finally:
        guarded.file.write_text(sound)
    page.reload()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_whoever_is_not_logged_in_gets_the_door_and_nothing_else(guarded: Guarded, page: Page) -> None:
    page.goto(f"{guarded.url}/decisions?decision={ASKED}")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_role("link", name="Decisions")).to_have_count(0)
    assert SAID not in page.content()
    guarded.enter(page, "mallory@example.net")
    expect(page.get_by_text("You are logged in, and have no role here")).to_be_visible()


def test_no_secret_of_the_login_is_in_the_log(guarded: Guarded) -> None:
    said = guarded.log.read_text()
    assert CLIENT_SECRET not in said
    assert COOKIE_SECRET not in said
