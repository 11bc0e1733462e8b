"""Alerts, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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
