"""How often rules fired, and what their policies changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from app.panels.compliance.rule_record import every_rule, in_use, told
from app.panels.policy.rules import fired, narrower, owners, share_in_words
from router_core.policy.loading import load_policy
from telemetry.query.compliance import RuleVerdicts
from telemetry.query.policies import PolicyText
from telemetry.query.policy_use import PolicyUse
from telemetry.query.proportion import Proportion

DEMO = Path(__file__).parents[5] / "policies" / "demo.toml"
TEXT = DEMO.read_text(encoding="utf-8")
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def did(rule: str, outcome: str, requests: int, removed: int = 0) -> RuleVerdicts:
    return RuleVerdicts(rule, outcome, None, requests, removed)


def version(number: int, text: str, name: str = "demo") -> PolicyText:
    return PolicyText(f"v{number}", name, FIRST + timedelta(days=number), "ada", text)


def test_what_one_rule_did_is_added_up_and_shared_among_all_requests() -> None:
    found = fired([did("a", "required", 30, 60), did("a", "excluded", 10, 10), did("b", "denied", 1)], 200)
    assert (found["a"].of_all.part, found["a"].of_all.n, found["a"].models_removed) == (40, 200, 70)
    assert (found["a"].did, found["b"].did) == (("narrowed",), ("refused",))
    assert "c" not in found


def test_a_rule_that_only_refused_leads_to_what_was_denied_and_another_to_no_filter_that_it_is_not() -> None:
    assert narrower(["refused"]) == {"status": "denied"}
    assert narrower(["refused", "narrowed"]) == narrower([]) == {}


def test_a_share_carries_its_interval_and_none_is_made_up() -> None:
    assert share_in_words(Proportion.of(24, 200)) == "12.0 % (8.2 to 17.2)"
    assert share_in_words(Proportion.of(0, 0)) == "unknown"


def test_a_rules_owner_is_the_newest_that_is_named() -> None:
    old = load_policy(DEMO).policy
    new = old.model_copy(update={"rules": (old.rules[0].model_copy(update={"owner": "legal"}), *old.rules[1:])})
    assert owners([old, new])["sensitive-stays-local"] == "legal"
    assert owners([old])["regulated-needs-approval"] == "compliance"


def test_the_rules_of_versions_in_use_are_listed_once() -> None:
    known = [version(1, TEXT), version(2, TEXT.replace('name = "no-secrets-from-support"', 'name = "no-secrets"'))]
    assert every_rule(known)[-2:] == ["no-secrets-from-support", "no-secrets"]
    assert [one.version for one in in_use(known, [PolicyUse("v2", 1, date.today(), date.today())])] == ["v2"]


def test_each_version_tells_what_it_changed_against_the_one_before_it() -> None:
    known = [version(1, TEXT), version(2, TEXT.replace('owner = "routing"', 'owner = "platform"'))]
    assert told(known[0], known) == ["The first version of this policy that the store knows."]
    assert told(known[1], known) == ['policy: owner was "routing", is "platform"']
    many = version(3, "\n".join(f'[telemetry.x{n}]\na = "{n}"' for n in range(30)))
    assert told(many, [*known, many])[-1].startswith("and ")
