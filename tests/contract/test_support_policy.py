"""What policies/support.toml promises, one sentence a test: what can be looked up is, with no model called."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import shipped
from router_core.errors import RequestDenied
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.providers.scripted import Replies
from router_core.request import RouteRequest
from router_core.result import RouteResult
from tests.routing import Bench

FOLDER = shipped("policies")
SMALL, LARGE = "qwen2.5-coder-1.5b", "claude-large"


def scripted() -> LoadedPolicy:
    """The policy as it is shipped, but for who answers: a script of the model's name, at a price of its own."""
    file = FOLDER / "support.toml"
    text = re.sub(
        r"\[models\.\"?([\w.-]+?)\"?\]\n(.*?)provider = \{[^}]*\}\nprice = \{[^}]*\}",
        r'[models."\1"]'
        "\n"
        r'\2provider = { kind = "scripted", script = "\1" }'
        '\nprice = { kind = "tokens", input = "1", output = "1" }',
        file.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    return parse_policy(text, file)


async def ask(prompt: str, **replies: str) -> RouteResult:
    """The result when these models say this; a model without words must not be called."""
    scripts = {SMALL: Replies(*([replies["small"]] if "small" in replies else []))}
    scripts[LARGE] = Replies(*([replies["large"]] if "large" in replies else []))
    return await Bench(scripted(), **scripts).router.aroute(RouteRequest.from_prompt(prompt))


def called(result: RouteResult) -> list[str]:
    """Models that were asked."""
    return [branch.model for branch in result.decision.branches if branch.kind == "model"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("What are your opening hours?", "open from Tuesday to Saturday"),
        ("When are you open?", "open from Tuesday to Saturday"),
        ("Are you open on Sundays?", "open from Tuesday to Saturday"),
        ("Wie sind denn bitte Ihre Öffnungszeiten?", "dienstags bis samstags"),
        ("Can I have your phone number, please?", "+49 8382 555 010"),
        ("Cancel my order 1003", "open https://shop.example/orders/1003"),
    ],
)
async def test_a_question_about_opening_hours_and_the_like_is_answered_with_no_model_called(
    prompt: str, words: str
) -> None:
    result = await ask(prompt)
    assert words in result.text
    assert (result.decision.chosen, called(result), result.decision.cost_usd) == ("house-rules", [], 0)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Where is my order 1002?", "Order 1002 is on its way. It arrives on: 2026-11-25."),
        ("status of order #1003", "Order 1003 is being packed. It arrives on: unknown."),
        ("When will my order 1001 arrive?", "Order 1001 is delivered"),
        ("Where is my order 9999?", "We have no order 9999."),
        ("What is in my order 1002?", "| Linen apron | 2 | 24.5 |"),
    ],
)
async def test_a_question_about_an_order_is_answered_from_the_database_with_no_model_called(
    prompt: str, words: str
) -> None:
    result = await ask(prompt)
    assert words in result.text
    assert (result.decision.chosen, called(result)) == ("orders", [])


@pytest.mark.parametrize(
    ("prompt", "source"),
    [
        ("How do I send something back?", "returns.md#how-do-i-send-something-back"),
        ("How long does a refund take?", "returns.md#how-long-does-a-refund-take"),
        ("How do I season a cast iron pan?", "care.md#how-do-i-season-a-cast-iron-pan"),
        ("Was kostet der Versand?", "lieferung.md#was-kostet-der-versand"),
    ],
)
async def test_a_question_that_the_shop_s_pages_answer_is_answered_from_them_with_their_source(
    prompt: str, source: str
) -> None:
    result = await ask(prompt)
    assert result.citations == (source,)
    assert f"Source: {source}" in result.text
    assert (result.decision.chosen, called(result)) == ("pages", [])


async def test_arithmetic_is_answered_with_no_model_called() -> None:
    result = await ask("2 * 24.50 + 32")
    assert (result.text, called(result)) == ("81", [])


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a short poem about a shop's opening hours on Sundays in winter",
        "Which songs are about a lost parcel?",
        "Write a friendly reply to a customer whose order 1002 is late, and apologise twice",
    ],
)
async def test_what_no_tool_knows_goes_to_the_small_model(prompt: str) -> None:
    result = await ask(prompt, small="Here you are.")
    assert (result.text, called(result)) == ("Here you are.", [SMALL])


@pytest.mark.parametrize(
    "prompt", ["I want to complain about the pan you sent me", "This is unacceptable, I am really disappointed"]
)
async def test_a_complaint_goes_to_the_strong_model_at_once(prompt: str) -> None:
    result = await ask(prompt, large="We are sorry.")
    assert result.decision.signals.intent == "complaint"
    assert (result.text, called(result)) == ("We are sorry.", [LARGE])


async def test_a_complaint_with_personal_data_stays_on_this_machine() -> None:
    result = await ask("I want to complain, call me back at +49 30 901820", small="We are sorry.")
    assert (result.decision.signals.pii, called(result)) == (("phone",), [SMALL])


async def test_a_request_for_advice_is_known_as_such() -> None:
    result = await ask("Which pan do you recommend for fish?", small="The cast iron one.")
    assert result.decision.signals.intent == "advice"


async def test_what_a_rule_denies_no_tool_answers() -> None:
    bench = Bench(scripted(), **{SMALL: Replies(), LARGE: Replies()})
    prompt = "What are your opening hours? My key is sk-proj-a8Kd03jfLq92mXvBn47TzRw1yPc6EhUs"
    with pytest.raises(RequestDenied):
        await bench.router.aroute(RouteRequest.from_prompt(prompt))
    assert not [span for span in bench.spans if span.name.startswith("tool")]


def test_the_database_holds_what_its_script_says(tmp_path: Path) -> None:
    made = tmp_path / "orders.sqlite"
    with closing(sqlite3.connect(made)) as connection:
        connection.executescript((FOLDER / "support" / "orders.sql").read_text(encoding="utf-8"))
        wanted = list(connection.iterdump())
    with closing(sqlite3.connect(f"{(FOLDER / 'support' / 'orders.sqlite').as_uri()}?mode=ro", uri=True)) as connection:
        assert list(connection.iterdump()) == wanted
