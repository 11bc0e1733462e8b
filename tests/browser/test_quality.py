"""Quality, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_cards_are_drawn_and_a_decision_to_be_judged_opens(visit: Callable[..., Page]) -> None:
    page = visit("/quality?range=8w")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    expect(page.get_by_role("group", name="Good answers: 75.0 %")).to_be_visible()
    expect(page.locator("[class*='st-key-card-scorecard'] tbody tr").first).to_be_visible()
    page.locator("[class*='st-key-card-to-label'] tbody tr").first.click()
    page.wait_for_url("**/decision?**decision=**")
    expect(page.get_by_text("Was it good?")).to_be_visible()
    assert errors == []


def test_a_narrow_window_holds_all_of_it(visit: Callable[..., Page]) -> None:
    page = visit("/quality?range=8w", width=768, scheme="dark")
    expect(page.get_by_text("Do scores mean what they say?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_period_without_verdicts_says_what_to_do(visit: Callable[..., Page]) -> None:
    page = visit("/quality?range=2020-01-01..2020-01-31")
    expect(page.get_by_text("Nothing has been judged")).to_be_visible()
    expect(page.get_by_text("routescope evaluate run", exact=False)).to_be_visible()
    page = visit("/quality?tenant=nobody")
    expect(page.get_by_text("No verdict matches these filters", exact=False)).to_be_visible()
