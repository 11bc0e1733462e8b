"""From an empty store, by its button, to demo traffic; and the ten ways of docs/tour.md, three clicks each at most."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from tests.browser.conftest import Tabs
from tests.browser.servers import ROOT, dashboard

# Setting the stage writes the demo: on a machine that has a dozen other things to do that takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WRITTEN_MS = 400_000
MOST_CLICKS = 3


class Visitor:
    """Somebody on the overview, whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def menu(self, name: str) -> None:
        self._count()
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator(".rs-head h1", has_text=name)).to_be_visible()

    def link(self, name: str) -> None:
        self._count()
        self.page.get_by_role("link", name=name).first.click()

    def choose(self, name: str) -> None:
        self._count()
        self.page.get_by_role("radio", name=name, exact=True).click()

    def row(self, card: str) -> None:
        """The first row of a card's table."""
        self._count()
        self.page.locator(f"[class*='st-key-card-{card}'] .rs-rows tbody tr").first.click()

    def reads(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_text(text, exact=False).first).to_be_visible()

    def _count(self) -> None:
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS


@pytest.fixture(scope="module")
def address(tab: Tabs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that was started over nothing, with demo traffic that its own button wrote."""
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    home = tmp_path_factory.mktemp("tour")
    with dashboard({**environment, "PYTHONPATH": str(ROOT), HOME_VARIABLE: str(home)}) as url:
        page = tab()
        page.goto(url)
        page.get_by_text("2,000 requests, half a minute").click(timeout=60_000)
        button = page.get_by_role("button", name="Write demo traffic")
        button.click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(button).to_be_disabled()
        expect(page.locator(".rs-kpi")).to_have_count(7, timeout=WRITTEN_MS)
        tab.leave(page)
        yield url


@pytest.fixture
def visitor(tab: Tabs, address: str) -> Iterator[Visitor]:
    page = tab()
    page.goto(f"{address}/?range=8w")
    expect(page.locator(".rs-kpi")).to_have_count(7)
    yield Visitor(page)
    tab.leave(page)


def test_the_demo_says_that_it_is_simulated(visitor: Visitor) -> None:
    visitor.reads("All of what is shown")


def test_1_what_routing_saves_and_how_sure_that_is(visitor: Visitor) -> None:
    visitor.reads("Saved", "95 % interval")
    visitor.link("Waterfall")
    visitor.reads("From the baseline to what was saved")


def test_2_what_a_request_costs_and_for_whom(visitor: Visitor) -> None:
    visitor.menu("Cost")
    visitor.choose("Tenant")
    visitor.choose("Per 1k")
    visitor.reads("Spend by tenant")


def test_3_which_requests_were_the_most_expensive(visitor: Visitor) -> None:
    visitor.menu("Cost")
    visitor.row("dearest")
    visitor.reads("What happened", "The bill")


def test_4_how_often_a_first_answer_is_not_good_enough(visitor: Visitor) -> None:
    visitor.menu("Escalations")
    visitor.reads("Escalation rate over time", "Reasons")


def test_5_what_another_threshold_would_change(visitor: Visitor) -> None:
    visitor.menu("Escalations")
    slider = visitor.page.get_by_role("slider").first
    slider.focus()
    visitor.clicks += 1
    slider.press("ArrowRight")
    visitor.reads("in place of")


def test_6_which_model_is_slow_or_fails(visitor: Visitor) -> None:
    visitor.menu("Latency & reliability")
    visitor.reads("Latency by model", "Errors of models, by type", "The worst stretch")


def test_7_which_model_has_changed(visitor: Visitor) -> None:
    visitor.menu("Drift")
    expect(visitor.page.locator("[class*='st-key-card-heat-map']")).to_be_visible()
    visitor.reads("Reference and week")


def test_8_whether_sensitive_data_stayed_where_it_must(visitor: Visitor) -> None:
    visitor.menu("Compliance")
    visitor.reads("Evidence")


def test_9_which_rules_decide_and_who_changed_them(visitor: Visitor) -> None:
    visitor.menu("Policy")
    visitor.reads("Versions")


def test_10_why_one_prompt_went_there(visitor: Visitor) -> None:
    visitor.menu("Decisions")
    visitor.row("decisions")
    visitor.reads("What happened", "Candidates", "Guard", "Waterfall")
