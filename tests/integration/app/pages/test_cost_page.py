"""The page of costs as Streamlit runs it, over a real store."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import GATEWAY_VARIABLE
from telemetry.setup import Telemetry
from tests.integration.app.test_pages import HOSTILE, NOW, home, keep, open_page, routed, text_of
from tests.rows import names_of, tables_of
from tests.scripted_gateway import ScriptedGateway
from tests.traces import Attempt, Routed

__all__ = ["home"]

DOLLAR = 1_000_000_000


@pytest.fixture(autouse=True)
def no_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv(GATEWAY_VARIABLE, f"http://127.0.0.1:{port}")


@pytest.fixture
def gateway(no_gateway: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedGateway]:
    with ScriptedGateway() as server:
        monkeypatch.setenv(GATEWAY_VARIABLE, server.base_url)
        yield server


def open_cost(**params: str) -> AppTest:
    return open_page("cost", **params)


def paid(number: int, nano: int | None, baseline: int | None = 5 * DOLLAR, **more: Any) -> Routed:
    return routed(number, attempts=(Attempt("small", cost_nano=nano),), baseline_nano=baseline, **more)


def on_day(ago: int, nano: int) -> Routed:
    """A decision of that many days ago."""
    at = NOW - timedelta(days=ago, minutes=1)
    return Routed(f"d{ago:031x}", at=at, attempts=(Attempt(cost_nano=nano),), baseline_nano=5 * DOLLAR)


def shown(app: AppTest) -> Any:
    """The table of the dimension."""
    return tables_of(app)[0]


def budget(name: str, limit: float, *holders: tuple[str | None, float], per: str = "policy") -> dict[str, Any]:
    month = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "name": name,
        "owner": None,
        "per": per,
        "period": "month",
        "tenants": None,
        "routes": None,
        "on_exhausted": "refuse",
        "limit_usd": limit,
        "started_at": month.isoformat(),
        "resets_at": (month + timedelta(days=31)).replace(day=1).isoformat(),
        "holders": [{"holder": holder, "spent_usd": spent, "held_usd": 0.0} for holder, spent in holders],
        "more_holders": False,
    }


def test_an_empty_store_says_what_to_do(home: Path) -> None:
    assert "Route a prompt of your own" in text_of(open_cost())


def test_what_was_spent_saved_and_not_used_stands_on_top(home: Path) -> None:
    escalated = (Attempt("small", outcome="rejected", cost_nano=DOLLAR), Attempt("large", cost_nano=2 * DOLLAR))
    keep(home, paid(1, DOLLAR), routed(2, attempts=escalated, baseline_nano=5 * DOLLAR), paid(3, None))
    app = open_cost()
    said = text_of(app)
    links = [link.proto.label for link in app.main.get("page_link")][:6]
    assert links == [*("Decisions",) * 4, "Escalated ones", "Of unknown cost"], "each number leads on"
    assert "Spend: $4.00" in said
    assert "Per request: $2.00" in said and "$2,000.00 per 1,000" in said
    assert "Saved vs baseline: $6.00" in said and "Share saved: 60.0 %" in said
    assert "On answers not used: $1.00" in said and "25.0\u00a0% of the spend" in said
    assert "Cost unknown: 1" in said
    assert "the 2 requests whose cost and whose baseline are both known; the 1 others" in said.replace("\u00a0", " ")


def test_a_week_of_days_gives_the_savings_an_interval(home: Path) -> None:
    keep(home, *(on_day(n, DOLLAR * (1 + n % 2)) for n in range(9)))
    said = text_of(open_cost()).replace("\u00a0", " ")
    assert "the sum would vary had other days like these 9 come" in said and "Cochran 1977" in said


def test_fewer_days_give_none_and_say_so(home: Path) -> None:
    keep(home, *(on_day(n, DOLLAR) for n in range(6)))
    said = text_of(open_cost())
    assert "No interval: it needs 7 days with such requests, and the period has 6." in said
    assert "no interval below 7 days" in said


def test_the_dimension_is_in_the_address(home: Path) -> None:
    keep(
        home,
        paid(1, DOLLAR, tenant="zeta"),
        routed(2, attempts=(Attempt("large", cost_nano=3 * DOLLAR),), tenant="acme", intent="code"),
        routed(3, attempts=(Attempt("calculator", kind="tool", cost_nano=0),), tenant="acme"),
    )
    pages = {by: open_cost(by=by) for by in ("model", "tenant", "tool", "planet")}
    seen = {by: shown(page) for by, page in pages.items()}
    assert {by: next(iter(table.values())) for by, table in seen.items()} == {
        "model": ["large", "small"],
        "tenant": ["acme", "zeta"],
        "tool": ["calculator"],
        "planet": ["large", "small"],
    }
    assert "Per branch" in seen["model"] and "Per request" in seen["tool"]
    assert seen["tenant"]["n"] == ["2", "1"]
    assert list(seen["tenant"]["Per 1k"]) == ["$1,500.00", "$1,000.00"]
    assert "Nothing was spent" in text_of(pages["tool"]) and "Nothing was spent" not in text_of(pages["model"])
    assert (seen["tool"]["Share"], seen["tool"]["Not used"]) == (["none"], ["none"])


def test_choosing_another_dimension_goes_to_the_address_and_the_first_one_leaves_it(home: Path) -> None:
    keep(home, paid(1, DOLLAR, tenant="acme"))
    app = open_cost()

    def choose(by: str) -> None:
        next(one for one in app.button_group if one.key == "cost-by").set_value(by).run()

    choose("tenant")
    assert app.query_params["by"] in ("tenant", ["tenant"])
    assert "Tenant" in shown(app)
    choose("model")
    assert "by" not in app.query_params


def test_a_cost_that_nobody_knows_is_said_and_never_zero(home: Path) -> None:
    keep(home, paid(1, None))
    app = open_cost()
    assert "Spend: unknown" in text_of(app)
    assert list(shown(app)["Spend"]) == ["unknown"]
    assert shown(app)["Unknown cost"] == ["1"]
    assert "No baseline is known" in text_of(app)


def test_no_tool_that_answered_says_how_to_get_one(home: Path) -> None:
    keep(home, paid(1, DOLLAR))
    assert "Neither a tool nor the cache answered" in text_of(open_cost(by="tool"))


def test_a_price_that_changed_in_the_period_is_told(home: Path) -> None:
    keep(home, paid(1, DOLLAR))
    toml = '[models.small]\nprice = { kind = "tokens", input = "%s", output = "2" }\n'
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home) as telemetry:
        for number, (version, price) in enumerate({"v1": "0.50", "v2": "0.60"}.items()):
            at = NOW - timedelta(days=3 - number)
            telemetry.record_policy_version(version, "main", toml % price, "anna", at=at)
        telemetry.record_policy_version("d1", "main", toml % "9", "demo (simulated)", at=NOW - timedelta(days=1))
    said = text_of(open_cost())
    assert "price of small: $0.50 -&gt; $0.60 per million input tokens" in said
    assert said.count("price of small") == 1


def test_a_price_that_changed_before_the_period_is_told_as_such(home: Path) -> None:
    keep(home, paid(1, DOLLAR))
    toml = '[models.small]\nprice = { kind = "tokens", input = "%s", output = "2" }\n'
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home) as telemetry:
        for number, price in enumerate(("0.50", "0.60")):
            at = NOW - timedelta(days=50 - number)
            telemetry.record_policy_version(f"v{number}", "main", toml % price, "anna", at=at)
    said = text_of(open_cost())
    assert "No policy and no price changed in the period." in said
    assert "Before it, on" in said and "price of small: $0.50 -&gt; $0.60" in said


def test_without_a_gateway_budgets_are_one_line_with_the_remedy(home: Path) -> None:
    keep(home, paid(1, DOLLAR))
    said = text_of(open_cost())
    assert "Budgets: not shown, since the gateway at" in said and "routescope serve" in said


def test_a_policy_without_budgets_says_how_to_add_one(home: Path, gateway: ScriptedGateway) -> None:
    keep(home, paid(1, DOLLAR))
    said = text_of(open_cost())
    assert "Budgets: the policy has none." in said and "docs/policy.md" in said


def test_each_account_of_each_budget_has_its_row_and_the_fullest_a_forecast(
    home: Path, gateway: ScriptedGateway
) -> None:
    keep(home, paid(1, DOLLAR, tenant="acme"))
    gateway.budgets["data"] = [
        budget("all", 100.0, (None, 4.0)),
        budget("team", 10.0, ("acme", 9.0), (HOSTILE, 10.5), per="tenant"),
        budget("unused", 5.0, per="route"),
    ]
    said = text_of(open_cost())
    assert "Budget all, everybody" in said
    assert "Budget team, tenant acme" in said
    assert "Exhausted: its requests are refused, until it resets" in said
    assert "Nothing spent yet: unused." in said
    assert "<script" not in said and "\u202e" not in said


def test_hostile_names_in_every_dimension_are_shown_as_text(home: Path) -> None:
    hostile = routed(1, attempts=(Attempt(HOSTILE, cost_nano=DOLLAR),), tenant=HOSTILE, route=HOSTILE, intent=HOSTILE)
    keep(home, hostile)
    for by in ("model", "tenant", "route", "intent"):
        app = open_cost(by=by)
        said = text_of(app) + "".join(next(iter(shown(app).values())))
        assert "\u202e" not in said and "\x1b" not in said
        assert "<script" not in text_of(app)


def test_the_overview_leads_to_the_costs_and_says_how_sure_the_savings_are(home: Path) -> None:
    keep(home, *(on_day(n, DOLLAR * (1 + n % 2)) for n in range(8)))
    app = open_page()
    assert "of the baseline (95\u00a0% interval" in text_of(app)
    assert [link.proto.label for link in app.main.get("page_link")].count("Cost") == 1


def test_a_card_whose_question_fails_says_so_and_the_others_stay(home: Path) -> None:
    keep(home, paid(1, DOLLAR))
    with sqlite3.connect(home / "routescope.db") as database:
        database.execute("DROP TABLE policy_version")
    app = open_cost()
    said = text_of(app)
    # The spend over time, which marks them, and the list of what changed.
    assert said.count("This part could not be shown") == 2
    assert [button.label for button in app.button].count("Try again") == 2
    assert "Spend by model" in said and "From the baseline to what was saved" in said
    assert list(shown(app)["Spend"]) == ["$1.00"]


def test_a_damaged_database_is_one_sentence(home: Path) -> None:
    (home / "routescope.db").write_bytes(b"this is no database at all, just some bytes" * 50)
    assert "this is no SQLite database, or a damaged one" in text_of(open_cost())


def test_the_dearest_decision_comes_first(home: Path) -> None:
    keep(home, paid(1, DOLLAR), paid(2, 3 * DOLLAR), paid(3, None))
    app = open_cost()
    listed = next(names for names, table in zip(names_of(app), tables_of(app), strict=True) if "Went" in table)
    assert listed[:2] == [f"{2:032x}", f"{1:032x}"]
