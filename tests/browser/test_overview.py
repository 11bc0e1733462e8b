"""The overview, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_numbers_and_charts_are_drawn(visit: Callable[..., Page]) -> None:
    page = visit("/?range=30d")
    expect(page.locator(".rs-kpi")).to_have_count(7)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(4)
    expect(page.get_by_text("Simulated:", exact=False).first).to_be_visible()


@pytest.mark.parametrize("width", [1440, 768])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window_and_cards_are_level(
    visit: Callable[..., Page], width: int, scheme: str
) -> None:
    page = visit("/", width=width, scheme=scheme)
    expect(page.locator("[class*='st-key-card-latest']")).to_be_visible()
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    cards = page.evaluate(
        "[...document.querySelectorAll('[class*=st-key-card-kpi]')].map(card => card.getBoundingClientRect())"
        ".map(box => [Math.round(box.top), Math.round(box.height)])"
    )
    rows: dict[int, set[int]] = {}
    for top, height in cards:
        rows.setdefault(top, set()).add(height)
    assert len(cards) == 7
    assert [len(heights) for heights in rows.values()] == [1] * (1 if width == 1440 else 2), rows


def test_the_theme_follows_the_reader(visit: Callable[..., Page]) -> None:
    grounds = [
        visit("/", scheme=scheme).evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(251, 251, 250)", "rgb(15, 16, 18)"]


def test_the_period_is_in_the_address_and_comes_back_from_it(visit: Callable[..., Page]) -> None:
    page = visit("/")
    page.get_by_text("7d", exact=True).click()
    page.wait_for_url("**/?range=7d")
    again = visit("/?range=7d")
    expect(again.get_by_text("Period", exact=False).first).to_be_visible()
    assert again.url.endswith("/?range=7d")
