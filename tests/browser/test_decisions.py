"""The list of decisions and one decision, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, Dashboard

pytestmark = pytest.mark.browser


def test_a_click_on_a_row_opens_its_decision(visit: Callable[..., Page], dashboard: Dashboard) -> None:
    page = visit("/decisions?intent=code")
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    page.wait_for_timeout(2000)
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 250, box["y"] + 54, delay=60)
    page.wait_for_function(f"location.search.includes('decision={dashboard.escalated}')")
    expect(page.get_by_role("heading", name="Escalated, then answered by large")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/decision", "/decisions"])
def test_a_deep_link_opens_a_decision_from_any_address(
    visit: Callable[..., Page], dashboard: Dashboard, path: str
) -> None:
    page = visit(f"{path}?decision={dashboard.escalated}")
    expect(page.get_by_role("heading", name="Escalated, then answered by large")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(1)


def test_hostile_prompts_and_answers_do_nothing(visit: Callable[..., Page], dashboard: Dashboard) -> None:
    page = visit(f"/?decision={dashboard.escalated}")
    expect(page.locator(".rs-said pre").first).to_have_text(HOSTILE)
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.title() != "owned"


def test_a_search_finds_a_decision_by_the_beginning_of_its_id(visit: Callable[..., Page]) -> None:
    page = visit("/decisions?q=e5ca1a7ed")
    expect(page.get_by_text("Page 1: 1 row.", exact=False)).to_be_visible()
