"""Alerts, looked at with a browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from telemetry.alerts.round import evaluate
from tests.alerting import failures, some
from tests.browser.conftest import Tabs
from tests.browser.servers import dashboard
from tests.serving import gateway, write_policy
from tests.traces import emit

pytestmark = pytest.mark.browser


def test_a_quiet_page_says_what_was_looked_at_and_fits(visit: Callable[..., Page]) -> None:
    page = visit("/alerts", width=768)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    expect(page.get_by_text("Breakers and outliers")).to_be_visible()
    expect(page.get_by_text("Nothing needs attention")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Look again now").click()
    expect(page.get_by_text("Nothing needs attention")).to_be_visible()
    assert failures == []


def test_the_overview_leads_to_it(visit: Callable[..., Page]) -> None:
    page = visit("/overview", scheme="dark")
    expect(page.locator("[class*='st-key-card-glance-week']")).to_be_visible()
    page.get_by_role("link", name="All that was looked at").click()
    expect(page.locator(".rs-head h1", has_text="Alerts")).to_be_visible()


def test_what_fires_is_silenced_with_two_clicks_and_told_of_again(
    tmp_path: Path, tab: Tabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
    url = f"sqlite:///{tmp_path / 'routescope.db'}"
    with gateway(tmp_path, write_policy(tmp_path, "http://127.0.0.1:9")) as (address, service):
        engine = service.telemetry.engine
        tracer = service.telemetry.tracer_provider.get_tracer("test")
        for one in some(60, failed=40, at=now - timedelta(minutes=5), tenant="<b>acme</b>"):
            emit(tracer, one)
        assert service.telemetry.sink.force_flush(60_000)
        evaluate(engine, [failures(name="tenants fail", per="tenant")], now=now)
        environment = {**os.environ, HOME_VARIABLE: str(tmp_path), DATABASE_VARIABLE: url, GATEWAY_VARIABLE: address}
        with dashboard(environment) as place:
            page = tab()
            page.goto(f"{place}/alerts")
            firing = page.locator("[class*='st-key-card-alerts-firing']")
            expect(firing).to_contain_text("tenants fail: <b>acme</b>")
            expect(firing).to_contain_text("n = 60")
            firing.get_by_role("button", name="Silence").click()
            page.get_by_label("Why, in a few words (optional)").fill("a release")
            page.get_by_role("button", name="Silence it").click()
            silenced = page.locator("[class*='st-key-card-alerts-silences']")
            expect(silenced).to_contain_text("by local. a release")
            expect(firing).to_contain_text("Nothing fires")
            silenced.get_by_role("button", name="End").click()
            expect(firing).to_contain_text("tenants fail: <b>acme</b>")
            firing.get_by_role("link", name="Decisions").click()
            page.wait_for_url("**/decisions?*status=failed*")
            tab.leave(page)
