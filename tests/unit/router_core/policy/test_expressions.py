"""Expressions in rules: checked when the policy is loaded, and in doubt they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy.expressions import CONTEXT, ExpressionError, Facts, check, evaluate
from router_core.policy.loading import parse_policy
from router_core.request import Context
from router_core.result import Signals

SIGNALS = Signals("chat", 0.9, "en", 900, 150, 200, code=False, numbers=3, pii=("email",), domain="legal")
FACTS = Facts("chat", "user", Context(tags=("legal", "eu"), risk="medium"), SIGNALS)

POLICY = """format = 1
name = "p"
default_route = "chat"
tiers = ["small"]

[models.one]
tier = "small"
location = "local"
provider = { kind = "scripted" }

[routes.chat]
strategy = { kind = "cascade", tiers = ["small"] }

[[rules]]
name = "long-legal"
any_of = [{ cel = EXPRESSION }]
then = { kind = "deny", message = "no" }
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("signals.words > 100 && 'legal' in context.tags", True),
        ("signals.words > 100 && 'medical' in context.tags", False),
        ("signals.pii.size() > 0 && context.risk != 'low'", True),
        ("context.deadline_ms != null && context.deadline_ms < 1000", False),
        ("context.tags.exists(tag, tag.startsWith('eu'))", True),
        ("route == 'chat' && purpose == 'user' && signals.domain in ['legal', 'medical']", True),
        ("double(signals.words) / double(signals.input_tokens) > 0.7", True),
    ],
)
def test_an_expression_says_true_or_false_of_the_facts(expression: str, value: bool) -> None:
    check(expression)
    assert evaluate(expression, FACTS) is value


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("signals.words >", "at character"),
        ("signals.wrods > 1", "signals has no 'wrods'"),
        ("context.user == 'x'", "context has no 'user'"),
        ("prompt.contains('x')", "prompt"),
        ("context.deadline_ms < 100", "states nothing"),
        ("signals.words + 1", "it gives int, not true or false"),
        ("nonsense(signals.words)", "nonsense"),
        ("true || " * 200 + "true", "at most 1,000"),
        ("[1].all(a, [1].all(b, [1].all(c, true)))", "more than 2 loops"),
    ],
)
def test_an_expression_that_cannot_work_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(ExpressionError, match=why):
        check(expression)


def test_a_word_in_quotes_is_no_field() -> None:
    check("'signals.nothing' in context.tags")


def test_every_field_of_the_context_but_the_keys_can_be_asked_for() -> None:
    assert set(CONTEXT) == set(Context.__dataclass_fields__) - {"key", "sticky_key", "session_id", "rate_unchecked"}


def test_a_policy_with_a_bad_expression_is_refused_with_line_and_remedy() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(POLICY.replace("EXPRESSION", '"signals.wrods > 1"'), Path("policy.toml"))
    (fault,) = caught.value.faults
    assert fault.file.startswith("policy.toml:")
    assert "signals has no 'wrods'" in fault.problem
    assert "docs/policy.md" in fault.remedy


def test_a_policy_with_a_sound_expression_is_loaded() -> None:
    text = POLICY.replace("EXPRESSION", "\"signals.words > 100 && 'legal' in context.tags\"")
    assert parse_policy(text, Path("policy.toml")).policy.rules[0].any_of[0].cel is not None
