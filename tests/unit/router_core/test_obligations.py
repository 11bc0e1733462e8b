"""What rules oblige the router to do before any model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from router_core.events import BranchEnded, Event, Token
from router_core.guard import Ruling
from router_core.obligations import Restoring, redacted, rerouted
from router_core.policy.loading import parse_policy
from router_core.policy.schema import Rule
from router_core.redaction import redact_messages
from router_core.request import Context, Message, RouteRequest
from router_core.result import BranchRecord
from router_core.rulebook import apply_rules
from router_core.signals.read import read_signals
from router_core.situation import Situation
from router_core.target import Targets

POLICY = parse_policy(
    """
format = 1
name = "test"
default_route = "chat"
tiers = ["small", "large"]

[models.here]
tier = "small"
location = "local"
provider = { kind = "scripted" }

[models.there]
tier = "large"
location = "cloud"
provider = { kind = "scripted" }

[routes.chat]
strategy = { kind = "cascade", tiers = ["small", "large"] }

[routes.careful]
strategy = { kind = "cascade", tiers = ["small"] }
""",
    Path("test.toml"),
).policy
TARGETS = Targets(POLICY)


def ruling(request: RouteRequest, **then: Any) -> Ruling:
    rule = Rule.model_validate({"name": "r", "any_of": [{}], "then": then})
    routes = {name: TARGETS.resolve(name).models for name in POLICY.routes}
    situation = Situation("chat", Context(), read_signals(request))
    return apply_rules(situation, TARGETS.resolve("chat").models, (rule,), routes)


REQUEST = RouteRequest.from_prompt("Write to jane@example.org and joe@example.org.")


def test_the_target_becomes_the_route_that_the_rule_names_with_the_models_of_both() -> None:
    routes = {name: TARGETS.resolve(name) for name in POLICY.routes}
    target = rerouted(routes["chat"], ruling(REQUEST, kind="route_to", route="careful"), routes)
    assert target.name == "careful"
    assert target.route is POLICY.routes["careful"]
    assert set(target.models) == {"here", "there"}
    assert rerouted(routes["chat"], ruling(REQUEST, kind="redact"), routes) is routes["chat"]


def test_the_verdict_says_how_many_of_each_kind_were_replaced() -> None:
    found, redaction = redacted(ruling(REQUEST, kind="redact"), REQUEST)
    assert redaction is not None
    assert redaction.messages == (Message("user", "Write to [email-1] and [email-2]."),)
    assert found.verdicts[0].redacted == {"email": 2}
    assert found.verdicts[0].reason.endswith(": 2 email")
    assert found.denied is None


def test_what_cannot_be_masked_denies_the_request() -> None:
    turns = RouteRequest(messages=(Message("user", "4111 1111 "), Message("user", "1111 1111")))
    found, _ = redacted(ruling(turns, kind="redact"), turns)
    assert found.denied is not None
    assert found.denied.reason == "credit_card cannot be masked for sure, so the prompt is not sent"
    assert found.verdicts == (found.denied,)


def test_a_schema_with_personal_data_denies_the_request_since_nobody_may_mask_it() -> None:
    request = RouteRequest.from_prompt("Hello", response_schema={"const": "jane@example.org"})
    found, _ = redacted(ruling(request, kind="redact"), request)
    assert found.denied is not None


def test_without_a_rule_nothing_is_redacted() -> None:
    before = ruling(REQUEST, kind="exclude", models=["there"])
    assert redacted(before, REQUEST) == (before, None)


def ended(index: int) -> BranchEnded:
    return BranchEnded(BranchRecord(index, "model", "here", "small", "unscored", "asked"), 1.0)


def test_tokens_get_their_originals_back_branch_by_branch_and_none_is_lost() -> None:
    restoring = Restoring(redact_messages(REQUEST.messages))
    coming: list[Event] = [
        Token(0, "Dear [em", True),
        Token(1, "[email-2", False),
        Token(0, "ail-1]", True),
        Token(0, " [open", True),
        ended(0),
        ended(1),
    ]
    shown = [event for one in coming for event in restoring.events(one)]
    texts = {index: "".join(e.text for e in shown if isinstance(e, Token) and e.index == index) for index in (0, 1)}
    assert texts == {0: "Dear jane@example.org [open", 1: "[email-2"}
    assert [type(event) for event in shown].index(BranchEnded) == 4
    assert all(event.final for event in shown if isinstance(event, Token) and event.index == 0)
