"""Policy and Compliance, looked at with a browser: over a policy whose every name is hostile, with no gateway."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from router_core import semconv
from router_core.policy.loading import parse_policy
from telemetry.evidence.check import check
from telemetry.setup import Telemetry
from tests.browser import servers
from tests.browser.conftest import Tabs
from tests.traces import Attempt, Routed, emit

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='document.title=1'> **bold** [x](javascript:alert(1))"
NAME = json.dumps(HOSTILE)
POLICY = f"""
format = 1
name = {NAME}
description = {NAME}
owner = {NAME}
default_route = {NAME}
tiers = [{NAME}, "cheap"]
[models.{NAME}]
tier = {NAME}
location = "cloud"
region = {NAME}
approvals = [{NAME}]
owner = {NAME}
price = {{ kind = "tokens", input = "1", output = "2" }}
provider = {{ kind = "scripted", script = {NAME} }}
[models.near]
tier = "cheap"
location = "local"
fallback = {NAME}
provider = {{ kind = "scripted" }}
[validators.{NAME}]
kind = "regex"
must_match = ["x"]
[[rules]]
name = {NAME}
owner = {NAME}
any_of = [{{ tenants = [{NAME}] }}]
then = {{ kind = "deny", message = {NAME} }}
[[budgets]]
name = {NAME}
usd = "5"
period = "day"
[routes.{NAME}]
description = {NAME}
validators = [{NAME}]
strategy = {{ kind = "cascade", tiers = ["cheap", {NAME}] }}
"""
DEARER = POLICY.replace('input = "1"', 'input = "3"')
CARDS = {
    "policy": ("head", "lanes", "rules", "models", "checks", "tools", "versions", "difference", "file"),
    "compliance": ("exposure", "rule-record", "rule-course", "protected", "policy-record", "evidence"),
}


def version(text: str) -> str:
    return parse_policy(text, Path("policy.toml")).version


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("governance")
    fill(home)
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    nobody = f"http://127.0.0.1:{servers.free_port()}"
    with servers.dashboard(environment | {HOME_VARIABLE: str(home), GATEWAY_VARIABLE: nobody}) as url:
        yield url


def fill(home: Path) -> None:
    """Fourteen days under two versions; half of the requests are sensitive, and one of these left."""
    now = datetime.now(UTC)
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, durability="async") as telemetry:
        for days, text in ((14, POLICY), (7, DEARER)):
            telemetry.record_policy_version(version(text), HOSTILE, text, HOSTILE, at=now - timedelta(days=days))
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(60):
            place = "cloud" if number == 31 else "local"
            attempt = Attempt(HOSTILE if place == "cloud" else "near", extra={semconv.BRANCH_LOCATION: place})
            verdict = {"rule": HOSTILE, "outcome": "raised", "owner": HOSTILE, "reason": HOSTILE}
            extra = {semconv.DATA_CLASS: "sensitive", semconv.VERDICTS: json.dumps([verdict])} if number % 2 else {}
            at = now - timedelta(hours=5 * number + 1)
            text = DEARER if at > now - timedelta(days=7) else POLICY
            emit(
                tracer, Routed(f"{number:032x}", at=at, attempts=(attempt,), policy_version=version(text), extra=extra)
            )


@pytest.fixture
def visit(tab: Tabs, address: str) -> Iterator[Callable[..., Page]]:
    """Open a page; fails when it asks another host, opens a dialog, or breaks."""
    faults: list[str] = []
    pages = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "dialog": lambda dialog: faults.append(dialog.message),
        "pageerror": lambda error: faults.append(str(error)),
        "request": lambda request: (
            None if request.url.startswith((address, "data:", "blob:")) else faults.append(request.url)
        ),
    }

    def open_address(path: str, *, width: int = 1440, scheme: Literal["light", "dark"] = "light") -> Page:
        page = tab(width=width, height=1400, scheme=scheme)
        pages.append(page)
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto(address + path)
        page.wait_for_selector(".rs-head")
        for card in CARDS[path[1:].partition("?")[0]]:
            expect(
                page.locator(f"[class*='st-key-card-{card}'], [class*='st-key-card-policy-{card}']").first
            ).to_be_visible()
        # From here on: a page that was opened by its address alone asks Streamlit for its files in vain, once.
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        return page

    yield open_address
    for page in pages:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        tab.leave(page)
    assert faults == []


def harmless(page: Page) -> None:
    assert page.title() != "1"
    assert page.evaluate("document.querySelectorAll(\"img[src='x'], a[href^='javascript']\").length") == 0
    assert (
        page.evaluate("[...document.querySelectorAll('strong')].filter(one => one.textContent == 'bold').length") == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_policy_is_drawn_and_compared_and_the_address_names_what_is_shown(visit: Callable[..., Page]) -> None:
    page = visit("/policy?range=30d")
    expect(page.locator(".rs-lane").first).to_contain_text(f"route/{HOSTILE[:30]}")
    difference = page.locator("[class*='st-key-card-policy-difference']")
    expect(difference).to_contain_text('price.input was "1", is "3"')
    difference.get_by_text("Line by line").click()
    expect(difference.locator(".rs-code .rs-ok")).to_contain_text('input = "3"')
    expect(page.get_by_text("does not answer", exact=False).first).to_be_visible()
    harmless(page)
    chosen = page.get_by_role("combobox", name="Version", exact=False).first
    # By keyboard: a list that was opened by a click is closed by the scrolling that follows.
    chosen.focus()
    chosen.press("ArrowDown")
    page.get_by_role("option", name=version(POLICY), exact=False).click()
    page.wait_for_url(f"**version={version(POLICY)}**")
    expect(page.locator("[class*='st-key-card-policy-head']")).to_contain_text("not the one that decided last")


@pytest.mark.parametrize(("path", "scheme"), [("policy", "dark"), ("compliance", "dark")])
def test_both_fit_a_narrow_window_by_a_deep_link(visit: Callable[..., Page], path: str, scheme: str) -> None:
    harmless(visit(f"/{path}?range=30d&version={version(DEARER)}", width=768, scheme=scheme))


def test_what_left_alarms_and_the_evidence_that_is_downloaded_is_intact(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit("/compliance?range=30d")
    expect(page.locator(".rs-alarm")).to_have_text("▲ 1")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Evidence of 60 decisions").click()
    waiting.value.save_as(tmp_path / "evidence.zip")
    found = check(tmp_path / "evidence.zip")
    assert found.intact
    assert {one["name"]: one.get("rows") for one in found.manifest["files"]}["decisions.csv"] == 60
    page.get_by_text("Only what went to a cloud").click()
    page.wait_for_url("**left=true**")
    harmless(page)


def test_filters_that_leave_nothing_say_so(tab: Tabs, address: str) -> None:
    page = tab(height=1400)
    page.goto(f"{address}/compliance?tenant=nobody")
    expect(page.get_by_text("No request matches these filters", exact=False)).to_be_visible()
    tab.leave(page)
