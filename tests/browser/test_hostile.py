"""Fifty hostile texts in every place that a page shows: each is drawn as text, and none does anything."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Page, Request

from app.dashboard.navigation import DECISION, DECISIONS, ONE_DECISION, PLACES, PLAYGROUND, Place
from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from router_core import semconv
from telemetry.setup import Telemetry
from tests.browser import servers
from tests.browser.conftest import Tabs
from tests.hostile import PAYLOADS
from tests.scripted_gateway import ScriptedGateway, escalating_run
from tests.traces import Attempt, Routed, emit

pytestmark = pytest.mark.browser

ALL_IN_ONE = "0b5e55ed" + "0" * 24
INJECTED = ", ".join(
    (
        *("img[src='x']", "img[src*='evil']", "link[href*='evil']", "base", "meta[http-equiv='refresh']"),
        *("object", "embed", "marquee", "a[href^='javascript' i]", "a[href*='//evil']", "form[action^='javascript' i]"),
        *("iframe[srcdoc]", "iframe[src^='javascript']", "[onerror]", "[onload]", "[onclick]", "[onfocus]"),
        *("[ontoggle]", "[onmouseover]", "[onstart]", "[onbegin]"),
    )
)
UNSEEN = r"/[\u0000-\u0008\u000b\u001b\u200b\u202a-\u202e\u2066-\u2069\ufeff]/"
MADE_OF_MARKDOWN = ("strong", "h1", "a", "code", "b", "td", "span[style*='color']")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("hostile")
    fill(home)
    environment = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    with ScriptedGateway() as gateway:
        gateway.plays(*escalating_run(answer="\n".join(PAYLOADS), draft=PAYLOADS[0]))
        gateway.budgets["data"] = [budget(text) for text in PAYLOADS[:20]]
        environment |= {HOME_VARIABLE: str(home), GATEWAY_VARIABLE: gateway.base_url}
        with servers.dashboard(environment) as url:
            yield url


def fill(home: Path) -> None:
    """A decision a text, with the text wherever a decision can have one; and one with all texts."""
    now = datetime.now(UTC)
    url = f"sqlite:///{home / 'routescope.db'}"
    with Telemetry.open(url, home=home, content="full", durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number, text in enumerate(PAYLOADS):
            emit(tracer, decision(f"{number:032x}", now - timedelta(hours=number), text, [text]))
        emit(tracer, decision(ALL_IN_ONE, now - timedelta(minutes=3), "\n".join(PAYLOADS), PAYLOADS))
        for number, text in enumerate(PAYLOADS[::7]):
            telemetry.record_policy_version(f"v{number}{text}", text, f"# {text}\n", text)


def budget(text: str) -> dict[str, object]:
    """A budget with the text wherever a budget can have one."""
    now = datetime.now(UTC)
    return {
        "name": text,
        "owner": text,
        "per": "tenant",
        "period": "month",
        "tenants": [text],
        "routes": [text],
        "on_exhausted": text,
        "limit_usd": 5.0,
        "started_at": (now - timedelta(days=9)).isoformat(),
        "resets_at": (now + timedelta(days=9)).isoformat(),
        "holders": [{"holder": text, "spent_usd": 2.5, "held_usd": 0.0}],
        "more_holders": False,
    }


def decision(decision_id: str, at: datetime, text: str, models: list[str] | tuple[str, ...]) -> Routed:
    verdict = {"rule": text, "outcome": "denied", "reason": text, "owner": text, "models_removed": [text]}
    candidate = {"model": text, "tier": text, "excluded_by": text, "excluded_reason": text, "score": None}
    attempts = tuple(
        Attempt(
            model=model,
            outcome="failed" if place % 2 else "accepted",
            answer=text,
            extra={semconv.ERROR_TYPE: model, semconv.ERROR_MESSAGE: model, semconv.BRANCH_REASON: model},
        )
        for place, model in enumerate(models)
    )
    return Routed(
        decision_id,
        at=at,
        attempts=attempts,
        route=text[:200],
        tenant=text[:200],
        intent=text[:200],
        policy_version=text[:60],
        prompt=text,
        extra={
            semconv.REASON: text,
            semconv.ERROR_MESSAGE: text,
            semconv.POLICY_NAME: text,
            semconv.VERDICTS: json.dumps([verdict]),
            semconv.CANDIDATES: json.dumps([candidate]),
        },
    )


def harmless(page: Page) -> None:
    """What must hold of a page that shows hostile texts."""
    assert page.evaluate("window.owned") is None
    assert page.evaluate(f"[...document.querySelectorAll({json.dumps(INJECTED)})].map(one => one.outerHTML)") == []
    told = page.evaluate(
        "names => names.flatMap(name => [...document.querySelectorAll(name)])"
        ".map(one => [one.tagName, one.textContent]).filter(([tag, text]) => /^pwned-/.test(text))",
        list(MADE_OF_MARKDOWN),
    )
    assert told == []
    assert page.evaluate(f"(document.body.innerText.match({UNSEEN}) || []).length") == 0
    assert page.evaluate("getComputedStyle(document.body).display") != "none"


@pytest.fixture(scope="module")
def strangers() -> list[str]:
    """Addresses that a page asked for and that are not the dashboard's, and words of dialogs."""
    return []


@pytest.fixture(scope="module")
def page(tab: Tabs, address: str, strangers: list[str]) -> Iterator[Page]:
    """One page for all places: what one of them let in would show on the next."""
    page = tab(height=2400)

    def ask(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(address):
            strangers.append(request.url)

    def open_dialog(dialog: Dialog) -> None:
        strangers.append(dialog.message)

    page.on("request", ask)
    page.on("dialog", open_dialog)
    yield page
    page.remove_listener("request", ask)
    page.remove_listener("dialog", open_dialog)
    tab.leave(page)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.url_path)
def test_a_page_shows_hostile_texts_as_text(page: Page, address: str, strangers: list[str], place: Place) -> None:
    query = f"?{DECISION}={ALL_IN_ONE}" if place is ONE_DECISION else "?range=8w"
    if place is DECISIONS:
        # The filters that are on are buttons, whose labels take Markdown.
        query += "".join(f"&tenant={quote(text)}" for text in PAYLOADS)
    page.goto(f"{address}/{place.url_path}{query}")
    page.wait_for_selector(".rs-head")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(500)
    if place is PLAYGROUND:
        page.get_by_role("textbox", name="Prompt").fill("Anything")
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector("[data-answer=final]")
    if place is DECISIONS:
        page.get_by_role("button", name="Filters").first.click()
        page.get_by_label("Tenant").first.click()
        page.wait_for_timeout(500)
    harmless(page)
    assert strangers == []
