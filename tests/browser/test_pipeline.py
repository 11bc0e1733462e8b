"""The page about telemetry itself, looked at with a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (768, "dark")])
def test_what_is_known_of_the_pipeline_is_shown(visit: Callable[..., Page], width: int, scheme: str) -> None:
    page = visit("/pipeline?span=7d", width=width, scheme=scheme)
    expect(page.locator("[class*='st-key-card-verdict']").get_by_role("status")).to_be_visible()
    expect(page.locator("[class*='st-key-card-kpi']")).to_have_count(6)
    expect(page.get_by_text("How long it is kept")).to_be_visible()
    expect(page.get_by_text("The gateway now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_time_that_is_looked_at_is_in_the_address(visit: Callable[..., Page]) -> None:
    page = visit("/pipeline")
    page.get_by_text("1h", exact=True).click()
    page.wait_for_url("**/pipeline?span=1h")
    expect(page.get_by_text("in the last hour", exact=False).first).to_be_visible()
