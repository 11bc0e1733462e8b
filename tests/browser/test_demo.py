"""The first screen of an empty store, and its button, clicked through to a store full of demo traffic."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from tests.browser.servers import ROOT, dashboard

pytestmark = pytest.mark.browser

WRITTEN_MS = 180_000


def test_the_demo_button_leads_from_an_empty_store_to_charts(tmp_path: Path, browser: Browser) -> None:
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    with dashboard({**environment, "PYTHONPATH": str(ROOT), HOME_VARIABLE: str(tmp_path)}) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(url)
        page.get_by_text("2,000 requests, half a minute").click(timeout=60_000)
        button = page.get_by_role("button", name="Write demo traffic")
        button.click()
        expect(page.get_by_role("progressbar")).to_be_visible(timeout=30_000)
        expect(button).to_be_disabled()
        expect(page.locator(".rs-kpi")).to_have_count(6, timeout=WRITTEN_MS)
        expect(page.get_by_text("All of what is shown", exact=False).first).to_be_visible()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Drift").click()
        expect(page.locator("[class*='st-key-card-heat-map']")).to_be_visible(timeout=30_000)
        page.close()
