"""The list of decisions and one decision, looked at with a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, Dashboard

pytestmark = pytest.mark.browser


def test_a_click_on_a_row_opens_its_decision(visit: Callable[..., Page], dashboard: Dashboard) -> None:
    page = visit("/decisions?intent=code")
    page.locator(".rs-rows tbody tr").first.click()
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


def test_filters_saved_under_a_name_come_back_with_their_address(visit: Callable[..., Page]) -> None:
    page = visit("/decisions?range=7d&model=large")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("textbox", name="Save these filters as").fill("Large, <b>this week</b>")
    page.get_by_role("button", name="Save", exact=True).click()
    saved = page.get_by_role("button", name="Large, <b>this week</b>")
    expect(saved).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Model: large").click()
    page.wait_for_url(lambda address: "model=large" not in address)
    page.get_by_role("button", name="Views").click()
    saved.click()
    page.wait_for_url(re.compile("range=7d&model=large|model=large&range=7d"))
    expect(page.get_by_role("button", name="Model: large")).to_be_visible()


def test_a_narrow_page_shows_what_decisions_cost_and_gives_them_as_a_file(
    visit: Callable[..., Page], dashboard: Dashboard
) -> None:
    page = visit("/decisions?intent=code", width=768)
    cost = page.locator(".rs-rows th", has_text="Cost")
    expect(cost).to_be_visible()
    box = cost.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 768
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as told:
        page.get_by_role("button", name="Download decisions").click()
    header, row = Path(told.value.path()).read_text(encoding="utf-8").splitlines()
    assert header.startswith("span_id,") and dashboard.escalated in row


def test_a_span_opens_to_its_attributes_and_the_next_decision_has_an_address_of_its_own(
    visit: Callable[..., Page], dashboard: Dashboard
) -> None:
    page = visit(f"/decision?decision={dashboard.escalated}&range=7d")
    expect(page.locator(".rs-sides")).to_be_visible()
    span = page.locator(".rs-spans details").nth(1)
    expect(span.get_by_text("router.detail")).to_be_hidden()
    span.locator("summary").press("Enter")
    expect(span.get_by_text("router.detail")).to_be_visible()
    page.get_by_role("button", name="Older").click()
    page.wait_for_url(re.compile("decision=0{32}"))
    expect(page.get_by_text(re.compile("^Decision 0{32}, "))).to_be_visible()
