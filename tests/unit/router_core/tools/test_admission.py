"""What must stay on this machine asks no tool that leaves it."""

import pytest

from router_core.policy.schema import CalculatorTool, Rule
from router_core.request import Context
from router_core.result import Verdict
from router_core.tools.admission import admitted, must_stay
from router_core.tools.build import build_tools


def rule(**then):
    return Rule.model_validate({"name": "r", "any_of": [{}], "then": then})


LOCAL = {"kind": "require", "location": "local"}


@pytest.mark.parametrize(
    ("then", "outcome", "stays"),
    [
        (LOCAL, "required", True),
        (LOCAL, "passed", False),
        ({"kind": "exclude", "location": "cloud"}, "excluded", True),
        ({"kind": "exclude", "location": "local"}, "excluded", False),
        ({"kind": "redact"}, "redacted", True),
        ({"kind": "raise", "data_class": "sensitive"}, "raised", True),
        ({"kind": "raise", "risk": "high"}, "raised", False),
        ({"kind": "require", "tiers": ["small"]}, "required", False),
        ({"kind": "require", "regions": ["eu"]}, "required", True),
        ({"kind": "require", "regions": ["eu"]}, "passed", False),
        ({"kind": "require", "approvals": ["regulated"]}, "required", True),
        ({"kind": "require", "data_class": "sensitive"}, "required", True),
        ({"kind": "require", "data_class": "internal"}, "required", False),
        ({"kind": "exclude", "regions": ["us"]}, "excluded", True),
        ({"kind": "exclude", "tiers": ["large"]}, "excluded", False),
    ],
)
def test_a_rule_that_applies_and_keeps_models_here_keeps_tools_here(then, outcome, stays):
    assert must_stay([rule(**then)], [Verdict("r", outcome, "why", None)], Context()) is stays


@pytest.mark.parametrize(
    ("data_class", "stays"), [("public", False), ("internal", False), ("sensitive", True), ("regulated", True)]
)
def test_sensitive_data_stays_without_any_rule(data_class, stays):
    assert must_stay([], [], Context(data_class=data_class)) is stays


def test_only_tools_that_leave_are_left_out(tmp_path):
    class Remote:
        name, threshold, timeout_s, location = "remote", 0.5, 1.0, "cloud"

    here = build_tools({"sums": CalculatorTool(kind="calculator")}, tmp_path)["sums"]
    assert [tool.name for tool in admitted([Remote(), here], stays=True)] == ["sums"]
    assert [tool.name for tool in admitted([Remote(), here], stays=False)] == ["remote", "sums"]
