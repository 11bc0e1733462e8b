"""What a route does otherwise for one intent, built-in or the policy's own."""

from __future__ import annotations

import pytest

from router_core.errors import CapExceeded
from router_core.providers.scripted import Replies
from router_core.request import Context, RouteRequest
from tests.routing import Bench, policy

BILLING = """
[intents.billing]
examples = [
    "Why was I charged twice this month?",
    "I have a question about my last invoice",
    "Can you send me a receipt for my payment?",
    "My credit card was declined, how can I pay?",
    "When will my refund arrive on my bank account?",
]
"""
INVOICE = "I have a question about the invoice of last month"
RIVERS = "Tell me something about rivers"


def bench(override: str) -> Bench:
    loaded = policy(rules=BILLING, route=f"[routes.chat.intents.billing]\n{override}\n")
    return Bench(loaded, tiny=Replies("The small one."), twin=Replies(), huge=Replies("The large one."))


@pytest.mark.parametrize(("prompt", "intent", "chosen"), [(INVOICE, "billing", "huge"), (RIVERS, None, "tiny")])
async def test_an_own_intent_goes_to_its_own_tier(prompt: str, intent: str | None, chosen: str) -> None:
    result = await bench('tiers = ["large"]').router.aroute(RouteRequest.from_prompt(prompt))
    assert result.decision.chosen == chosen
    assert (result.decision.signals.intent == "billing") == (intent == "billing")


async def test_an_intent_s_caps_count_in_place_of_the_route_s() -> None:
    with pytest.raises(CapExceeded):
        await bench('caps = { usd = "0.000001" }').router.aroute(RouteRequest.from_prompt(INVOICE))
    result = await bench('caps = { usd = "0.000001" }').router.aroute(RouteRequest.from_prompt(RIVERS))
    assert result.text == "The small one."


async def test_a_caller_s_cap_still_lowers_an_intent_s() -> None:
    request = RouteRequest.from_prompt(INVOICE, context=Context(cost_cap_usd=0.000001))
    with pytest.raises(CapExceeded):
        await bench('caps = { usd = "1" }').router.aroute(request)


async def test_an_explanation_shows_the_own_intent_and_what_its_caps_leave() -> None:
    decision = await bench('tiers = ["large"]').router.explain(RouteRequest.from_prompt(INVOICE))
    assert decision.signals.intent == "billing"
    assert [candidate.model for candidate in decision.candidates if candidate.score is not None] == ["huge"]
