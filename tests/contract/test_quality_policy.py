"""What policies/quality.toml promises, one sentence a test, played with scripted models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.settings import shipped
from router_core.errors import ProviderTimeout
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.providers.scripted import Replies, Reply
from router_core.request import RouteRequest
from router_core.result import Decision
from tests.routing import Bench

MODELS = ("gpt-small", "claude-small", "gemini-small", "claude-large")
LETTER = "Dear Ms Smith,\n\nyour order has been sent today.\n\nKind regards,\nAnna"


def scripted(file: Path) -> LoadedPolicy:
    """The policy as it is shipped, but for who answers: a script of the model's name, at a price of its own."""
    text = re.sub(
        r"\[models\.([\w-]+)\](.*?)provider = \{[^}]*\}\nprice = \{[^}]*\}",
        r'[models.\1]\2provider = { kind = "scripted", script = "\1" }'
        '\nprice = { kind = "tokens", input = "1", output = "1" }',
        file.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    return parse_policy(text, file)


async def decide(route: str, prompt: str, **replies: Replies | str) -> Decision:
    """The decision when these models say this; a model without words must not be called."""
    scripts = {model: Replies() for model in MODELS}
    for name, reply in replies.items():
        scripts[name.replace("_", "-")] = Replies(reply) if isinstance(reply, str) else reply
    bench = Bench(scripted(shipped("policies") / "quality.toml"), **scripts)
    return (await bench.router.aroute(RouteRequest.from_prompt(prompt, route=route))).decision


def grade(number: int) -> str:
    return json.dumps({"reason": "so it is", "grade": number})


def kinds(decision: Decision) -> list[str]:
    return [branch.kind for branch in decision.branches]


async def test_an_everyday_answer_that_the_judge_finds_good_stays_with_the_cheap_model() -> None:
    decision = await decide(
        "chat", "Tell me something about rivers", gpt_small="Rivers flow downhill.", gemini_small=grade(9)
    )
    assert (decision.chosen, kinds(decision)) == ("gpt-small", ["model", "judge"])
    assert decision.branches[0].score == pytest.approx((1 + 1 + 1 + 3 * 0.9) / 6, abs=0.02)


async def test_an_everyday_answer_that_the_judge_finds_bad_goes_to_the_strong_model() -> None:
    decision = await decide(
        "chat",
        "Tell me something about rivers",
        gpt_small="Rivers flow uphill.",
        gemini_small=grade(1),
        claude_large="Rivers flow downhill.",
    )
    assert (decision.chosen, decision.escalated) == ("claude-large", True)


async def test_a_refusal_goes_to_the_strong_model_and_no_judge_is_paid() -> None:
    decision = await decide(
        "chat",
        "Tell me something about rivers",
        gpt_small="I'm sorry, but I can't help with that.",
        claude_large="Rivers flow downhill.",
    )
    assert (decision.chosen, kinds(decision)) == ("claude-large", ["model", "model"])


async def test_an_answer_in_the_wrong_language_goes_to_the_strong_model() -> None:
    decision = await decide(
        "chat",
        "Translate into German: the house stands on a hill above the river.",
        gpt_small="The house stands on a hill above the river.",
        claude_large="Das Haus steht auf einem Hügel über dem Fluss.",
    )
    assert decision.chosen == "claude-large"
    assert "is in en, not in de" in decision.reason


async def test_an_answer_whose_judge_fails_goes_to_the_strong_model() -> None:
    decision = await decide(
        "chat",
        "Tell me something about rivers",
        gpt_small="Rivers flow downhill.",
        gemini_small=Replies(ProviderTimeout("late"), repeat_last=True),
        claude_large="Rivers flow downhill.",
    )
    assert decision.chosen == "claude-large"


async def test_a_calculation_stands_only_when_both_other_models_agree() -> None:
    for third, chosen in (("It is 87.", "gpt-small"), ("It is 86.", "claude-large")):
        decision = await decide(
            "chat",
            "Compute 12 * 7 + 3",
            gpt_small="87",
            claude_small="12 * 7 + 3 = 87",
            gemini_small=third,
            claude_large="87",
        )
        assert decision.signals.intent == "math"
        assert decision.chosen == chosen


async def test_a_short_answer_stands_when_one_of_two_other_models_says_the_same_else_the_strong_one_decides() -> None:
    for second, chosen in (("Paris", "gpt-small"), ("Lyon", "claude-large")):
        decision = await decide(
            "answers",
            "What is the capital of France?",
            gpt_small="Paris",
            claude_small=second,
            gemini_small="Marseille",
            claude_large="Paris",
        )
        assert decision.chosen == chosen


async def test_an_answer_that_the_model_does_not_repeat_goes_to_the_strong_model() -> None:
    for last, chosen in (("It is 1889.", "gpt-small"), ("It is 1887.", "claude-large")):
        decision = await decide(
            "steady",
            "When was the tower finished?",
            gpt_small=Replies("1889", "In 1889", last),
            claude_large="1889",
        )
        assert decision.chosen == chosen


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        (LETTER.replace("Ms Smith", "[Customer Name]"), "letter"),
        (LETTER.replace("Dear Ms Smith,\n\nyour", "Your"), "letter"),
        (LETTER.replace("today", "today, we guarantee it"), "house-style"),
        ("Dear Ms Smith,\n\nyour order has been sent and the", "whole"),
    ],
    ids=["a placeholder is left", "no salutation", "a promise", "cut off"],
)
async def test_a_letter_that_breaks_the_house_rules_goes_to_the_strong_model(draft: str, fault: str) -> None:
    prompt = "Write a letter to Ms Smith: her order has been sent"
    decision = await decide("letters", prompt, gpt_small=draft, claude_large=LETTER)
    assert decision.chosen == "claude-large"
    assert fault in [score.validator for score in decision.branches[0].scores if not score.passed]


async def test_a_letter_that_keeps_them_stays_with_the_cheap_model() -> None:
    prompt = "Write a letter to Ms Smith: her order has been sent"
    assert (await decide("letters", prompt, gpt_small=LETTER)).chosen == "gpt-small"


async def test_an_answer_that_is_no_json_goes_to_the_strong_model() -> None:
    broken = Replies(Reply(('{"name": "An',), finish_reason="length"))
    decision = await decide("extract", "Extract the name: Anna", gpt_small=broken, claude_large='{"name": "Anna"}')
    assert decision.chosen == "claude-large"
