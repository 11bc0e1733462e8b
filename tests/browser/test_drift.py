"""Drift, looked at with a browser: a change that is in the store is opened with a click and by its address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from app.settings import DATABASE_VARIABLE, HOME_VARIABLE
from telemetry.drift.run import run_drift
from telemetry.drift.weeks import WEEK
from telemetry.drift.windows import Vocabulary
from telemetry.rollup import rebuild
from telemetry.storage.bulk import bulk_of
from telemetry.storage.engine import add, open_engine
from telemetry.storage.models import BRANCH, REQUEST
from tests.browser.conftest import Tabs
from tests.browser.servers import dashboard as started
from tests.drifting import FIRST, Habits, rows_of, week

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over three weeks of two models, of which one is slower in the last week."""
    home = tmp_path_factory.mktemp("drift")
    _fill(home)
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    with started({**environment, HOME_VARIABLE: str(home)}) as url:
        yield url


def _fill(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home / 'routescope.db'}")
    rng, vocabulary = np.random.default_rng(5), Vocabulary()
    for model, later in (("brook", Habits(slower=1.8)), ("stone", Habits())):
        for number in range(3):
            habits = later if number == 2 else Habits()
            bundle = rows_of(week(rng, 120, vocabulary, habits, monday=FIRST + WEEK * number), vocabulary, model)
            for table, rows in ((REQUEST, bundle.requests), (BRANCH, bundle.branches)):
                add(engine, partial(lambda table, rows, to: bulk_of(to).insert(to, table, rows), table, rows))
    rebuild(engine)
    run_drift(engine, all_weeks=True)
    engine.dispose()


def test_a_click_on_a_square_opens_it_and_its_address_opens_it_again(tab: Tabs, drifted: str) -> None:
    page = tab()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{drifted}/drift")
    expect(page.get_by_text("In 2026-W12, 1 model drifted: brook", exact=False)).to_be_visible()
    expect(page.get_by_text("Model drift: on the same prompts", exact=False)).to_be_visible()
    steady = page.locator("[class*='st-key-drift-heat-map'] .bars .point path").first
    steady.hover(force=True)
    steady.click(force=True)
    page.wait_for_url(lambda url: "week=" in url)
    asked = parse_qs(urlsplit(page.url).query)
    opened = f"{asked['model'][0]}, {asked['week'][0]}"
    expect(page.locator(".rs-title", has_text=opened)).to_be_visible()
    page.goto(f"{drifted}/drift?model=brook&week=2026-W12&metric=ttft_ms")
    expect(page.locator(".rs-title", has_text="brook, 2026-W12")).to_be_visible()
    expect(page.get_by_text("It changed about", exact=False)).to_be_visible()
    assert failures == []
    tab.leave(page)


def test_a_narrow_window_holds_all_of_it_and_examples_lead_to_decisions(tab: Tabs, drifted: str) -> None:
    page = tab(width=768, scheme="dark")
    page.goto(f"{drifted}/drift?model=brook&week=2026-W12&metric=latency_ms")
    expect(page.get_by_text("Example 1", exact=False)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_text("Example 1", exact=False).click()
    expect(page.get_by_text("The whole record as JSON")).to_be_visible()
    tab.leave(page)
