"""Latency & reliability, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def test_every_card_is_drawn_and_fits_and_nothing_fails_in_the_page(visit: Visit) -> None:
    page = visit("/latency?range=30d", width=768, scheme="dark")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    expect(page.locator("[class*='st-key-card-slowest']")).to_be_visible()
    # Both by model, the heat map, one model's trouble, breakers over fallbacks, output speed; nothing failed.
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(6)
    expect(page.get_by_text("Every branch of this period gave a complete answer.").first).to_be_visible()
    expect(page.get_by_text("No stretch stands out", exact=False)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [one for one in failures if "404" not in one] == []


def test_another_percentile_goes_into_the_address_and_rules_the_page(visit: Visit) -> None:
    page = visit("/latency")
    page.get_by_text("p99", exact=True).first.click()
    page.wait_for_url("**/latency?percentile=p99")
    expect(page.get_by_text("99th percentile", exact=False).first).to_be_visible()
    expect(page.locator("[class*='st-key-card-kpi-latency']").get_by_text("Latency, p99")).to_be_visible()


def test_an_address_brings_back_all_that_was_chosen(visit: Visit) -> None:
    page = visit("/latency?range=7d&percentile=p50&heat=first+token&watched=large&error=timeout&error_of=large")
    expect(page.get_by_text("Of calls alone, without what the router did before and after; median")).to_be_visible()
    expect(page.get_by_role("radio", name="first token")).to_be_checked()
    expect(page.get_by_text("calls of large failed", exact=False).first).to_be_visible()
    expect(page.get_by_text("Decisions with timeout of large")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Decisions with timeout of large")).to_have_count(0)
    assert "error" not in page.url


def test_filters_that_leave_nothing_say_so(visit: Visit) -> None:
    page = visit("/latency?tenant=nobody")
    expect(page.get_by_text("No request matches these filters", exact=False)).to_be_visible()
