"""Escalations, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_cards_are_drawn_and_a_threshold_can_be_looked_at(visit: Callable[..., Page]) -> None:
    page = visit("/escalations?range=8w&threshold=0.40")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(6)
    expect(page.get_by_text("0.40 in place of 0.50")).to_be_visible()
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_url("**threshold=0.41**")
    expect(page.get_by_text("0.41 in place of 0.50")).to_be_visible()
    page.get_by_role("link", name="Escalated ones").first.click()
    page.wait_for_url("**/decisions?**path=escalated**")
    expect(page.get_by_text("1 escalated decision in the period")).to_be_visible()
    assert errors == []


def test_a_choice_of_what_rates_are_ranked_by_is_in_the_address(visit: Callable[..., Page]) -> None:
    page = visit("/escalations?range=8w&by=route", width=768, scheme="dark")
    card = page.locator("[class*='st-key-card-ranked']")
    expect(card.get_by_text("chat (", exact=False)).to_be_visible()
    card.get_by_text("Tried first").click()
    page.wait_for_url("**by=model**")
    expect(card.get_by_text("small (", exact=False)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_filters_that_match_nothing_say_what_to_do(visit: Callable[..., Page]) -> None:
    page = visit("/escalations?tenant=nobody")
    expect(page.get_by_text("No request matches these filters", exact=False)).to_be_visible()
