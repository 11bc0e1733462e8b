"""Filters on their way from page to page, with the sidebar, a click in a table, and the browser's Back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

FILTER_ON = "[class*='st-key-let-go-']"
FILTERED = "?range=8w&intent=chat&playground=true"


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
    expect(page.locator(".rs-head h1", has_text=name)).to_be_visible()


def expect_filtered(page: Page) -> None:
    """The widgets, not only the address."""
    expect(page.get_by_role("radio", name="8w")).to_be_checked()
    expect(page.locator(FILTER_ON, has_text="chat")).to_be_visible()
    expect(page.locator(".rs-chip", has_text="user and playground")).to_be_visible()


def test_the_sidebar_takes_the_filters_along_from_page_to_page_and_back(visit: Callable[..., Page]) -> None:
    page = visit(f"/{FILTERED}")
    expect_filtered(page)
    for name in ("Decisions", "Overview", "Drift", "Playground", "Decisions"):
        go(page, name)
        assert asked(page) == {"range": ["8w"], "intent": ["chat"], "playground": ["true"]}, name
        if name in ("Decisions", "Overview"):
            expect_filtered(page)


def test_back_undoes_the_last_change_of_a_filter_and_then_leaves_the_page(visit: Callable[..., Page]) -> None:
    page = visit(f"/decisions{FILTERED}")
    expect_filtered(page)
    go(page, "Overview")
    page.get_by_text("7d", exact=True).click()
    page.wait_for_url("**range=7d**")
    page.go_back()
    expect_filtered(page)
    expect(page.locator(".rs-head h1", has_text="Overview")).to_be_visible()
    page.go_back()
    expect(page.locator(".rs-head h1", has_text="Decisions")).to_be_visible()
    expect_filtered(page)


def test_the_last_of_two_quick_changes_wins(visit: Callable[..., Page]) -> None:
    page = visit("/")
    page.get_by_text("7d", exact=True).click()
    page.get_by_text("24h", exact=True).click()
    page.wait_for_url("**/?range=24h")
    expect(page.get_by_role("radio", name="24h")).to_be_checked()


def test_a_decision_opened_from_a_filtered_list_leads_back_to_that_list(visit: Callable[..., Page]) -> None:
    page = visit("/decisions?range=8w&intent=code")
    page.locator(".rs-rows tbody tr").first.click()
    page.get_by_role("link", name="All decisions").click()
    expect(page.locator(FILTER_ON, has_text="code")).to_be_visible()
    expect(page.get_by_role("radio", name="8w")).to_be_checked()


def test_a_click_on_a_model_opens_its_decisions_counted_as_the_table_counted(visit: Callable[..., Page]) -> None:
    page = visit("/?range=8w&intent=chat")
    page.locator("[class*='st-key-card-models'] .rs-rows tbody tr").first.click()
    expect(page.locator(".rs-head h1", has_text="Decisions")).to_be_visible()
    wanted = asked(page)
    assert (wanted["range"], wanted["intent"], wanted["playground"]) == (["8w"], ["chat"], ["false"])
    expect(page.locator(FILTER_ON, has_text=wanted["model"][0])).to_be_visible()
    expect(page.locator(".rs-chip", has_text="Purpose")).to_have_text("Purpose user")


def test_a_table_is_put_in_order_by_its_heads_and_its_rows_are_links(visit: Callable[..., Page]) -> None:
    page = visit("/?range=8w")
    table = page.locator("[class*='st-key-card-models'] .rs-rows")
    table.get_by_role("button", name="Branches", exact=True).click()
    expect(table.locator("th[aria-sort='descending']")).to_have_text("Branches")
    most = [int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(3)").all_inner_texts()]
    assert most == sorted(most, reverse=True) and len(most) > 1
    first = table.locator("tbody a").first
    name = first.inner_text().strip()
    assert parse_qs(urlsplit(str(first.get_attribute("href"))).query)["model"] == [name]
    # A row is an order for who has no pointer too.
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(FILTER_ON, has_text=name)).to_be_visible()


def test_a_deep_link_keeps_what_it_says(visit: Callable[..., Page]) -> None:
    page = visit("/decisions?playground=false")
    expect(page.locator(".rs-chip", has_text="Purpose")).to_have_text("Purpose user")
    page.wait_for_timeout(1000)
    assert asked(page) == {"playground": ["false"]}


def test_a_filter_for_what_the_store_has_never_seen_stays_on_and_is_seen(visit: Callable[..., Page]) -> None:
    page = visit("/decisions?model=gone")
    expect(page.locator(FILTER_ON, has_text="gone")).to_be_visible()
    expect(page.get_by_text("No decision matches.", exact=False)).to_be_visible()
    assert asked(page) == {"model": ["gone"]}


def test_the_first_page_answers_at_its_own_name_too(visit: Callable[..., Page]) -> None:
    page = visit("/overview?range=7d")
    expect(page.locator(".rs-kpi")).to_have_count(7)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.get_by_text("not found", exact=False).count() == 0
    link = page.get_by_test_id("stSidebar").get_by_role("link", name="Overview")
    expect(link).to_have_attribute("href", "overview?range=7d")
