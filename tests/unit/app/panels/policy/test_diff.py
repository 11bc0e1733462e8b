"""What changed between two versions of a policy, told in words."""

from __future__ import annotations

import tomllib
from pathlib import Path

from app.panels.policy import diff as policy_diff
from app.panels.policy.diff import changes, lines

DEMO = (Path(__file__).parents[5] / "policies" / "demo.toml").read_text(encoding="utf-8")


def told(before: str, after: str) -> list[str]:
    return [change.sentence for change in changes(tomllib.loads(before), tomllib.loads(after))]


def test_a_policy_does_not_differ_from_itself() -> None:
    assert told(DEMO, DEMO) == []


def test_a_price_is_told_with_its_model_before_and_after() -> None:
    assert told(DEMO, DEMO.replace('input = "2.50"', 'input = "3.00"')) == [
        'model meridian-pro: price.input was "2.50", is "3.00"'
    ]


def test_a_rule_that_says_something_else_is_told_in_its_words() -> None:
    after = DEMO.replace('any_of = [{ data_classes = ["regulated"] }]', 'any_of = [{ min_data_class = "sensitive" }]')
    assert told(DEMO, after) == [
        "rule regulated-needs-approval said “When the data are regulated: only models that are approved for regulated "
        "may answer.”, says now “When the data are sensitive or more protected: only models that are approved for "
        "regulated may answer.”"
    ]


def test_a_new_owner_of_a_rule_is_told_without_its_words() -> None:
    assert told(DEMO, DEMO.replace('owner = "compliance"', 'owner = "legal"')) == [
        'rule regulated-needs-approval: owner was "compliance", is "legal"'
    ]


def test_what_came_and_what_went_is_told_with_what_it_says() -> None:
    after = DEMO + '\n[[budgets]]\nname = "all"\nusd = "5"\nperiod = "day"\n'
    assert told(DEMO, after) == ['budget all is new: usd "5", period "day"']
    assert told(after, DEMO) == ['budget all is gone: usd "5", period "day"']
    rule = '\n[[rules]]\nname = "none"\nany_of = [{ tenants = ["x"] }]\nthen = { kind = "deny", message = "no" }\n'
    assert told(DEMO, DEMO + rule) == ["rule none is new: When the tenant is x: refuse, saying “no”."]


def test_rules_that_changed_places_are_told_as_such() -> None:
    first, second = '[[rules]]\nname = "a"\n', '[[rules]]\nname = "b"\n'
    assert told(first + second, second + first) == ["rules: order was a, b, is b, a"]


def test_two_rules_of_one_name_are_not_mistaken_for_each_other() -> None:
    rule = '[[rules]]\nname = "a"\nowner = "{}"\n'
    assert told(rule.format("x") + rule.format("y"), rule.format("x") + rule.format("z")) == [
        'rule a (2): owner was "y", is "z"'
    ]


def test_sections_without_names_are_told_by_their_keys() -> None:
    assert told("", '[telemetry]\ncontent = "full"\n') == ['telemetry: content is "full", was not said']
    assert told('name = "x"\nowner = "me"', 'name = "y"') == [
        'policy: name was "x", is "y"',
        'policy: owner was "me", is no longer said',
    ]


def test_a_long_value_is_cut() -> None:
    change = changes({"description": "x"}, {"description": "y" * 10_000})[0]
    assert change.after is not None
    assert len(change.after) == policy_diff.LONGEST


def test_lines_are_compared_with_some_around() -> None:
    assert lines("a\nb\nc\nd\n", "a\nb\nC\nd\n", around=1) == ["@@ -2,3 +2,3 @@", " b", "-c", "+C", " d"]
    assert lines("a", "a") == []


def test_texts_that_are_far_too_long_are_not_compared_line_by_line() -> None:
    assert lines("x\n" * (policy_diff.MOST_LINES + 1), "y") is None
