"""Cost, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def test_every_card_is_drawn_and_fits_and_a_bar_filters(visit: Visit) -> None:
    page = visit("/cost?range=30d")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    # Ranked, over time, from the baseline to the savings, tokens.
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(4)
    expect(page.locator("[class*='st-key-card-dearest']").locator(".rs-rows tbody tr").first).to_be_visible()
    expect(page.get_by_text("95\u00a0% interval", exact=False).first).to_be_visible()
    expect(page.get_by_text("Budgets:", exact=False).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.wait_for_timeout(800)
    bar = page.locator("[class*='st-key-spend-by-model-'] .barlayer .point path").first
    box = bar.bounding_box()
    assert box is not None
    # A chart hears a click once it has seen the pointer: what it says of the bar shows that.
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    expect(page.locator("[class*='st-key-spend-by-model-'] .hovertext").first).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**model=**")
    expect(page.get_by_role("button", name="Model: ", exact=False).first).to_be_visible()
    assert failures == []


def test_the_dimension_is_switched_in_the_address_and_comes_back_from_it(visit: Visit) -> None:
    page = visit("/cost?by=intent&measure=per-1k", width=768, scheme="dark")
    expect(page.get_by_text("Spend by intent")).to_be_visible()
    expect(page.get_by_text("US dollars per 1,000 requests", exact=False)).to_be_visible()
    page.get_by_role("radio", name="Tool").click()
    page.wait_for_url("**by=tool**")
    expect(page.get_by_text("Every tool")).to_be_visible()
    expect(page.locator("[class*='st-key-card-waterfall']").get_by_text("Counted:", exact=False)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_filters_that_leave_nothing_say_so(visit: Visit) -> None:
    page = visit("/cost?tenant=nobody")
    expect(page.get_by_text("No request matches these filters", exact=False)).to_be_visible()
