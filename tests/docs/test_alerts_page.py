"""docs/alerts.md says what the rules are."""

from __future__ import annotations

from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.message import written
from telemetry.alerts.metrics import METRICS
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")


def test_every_metric_is_defined():
    for metric in METRICS.values():
        assert f"| `{metric.name}` | {metric.definition} |" in PAGE, metric.name


def test_every_built_in_rule_stands_with_its_threshold():
    for rule in BUILTIN:
        line = next((line for line in PAGE.splitlines() if line.startswith(f"| {rule.name} | `{rule.metric}`")), "")
        assert f"{rule.comparison} {written(rule.threshold, rule.of.unit)}" in line, rule.name
        assert line.endswith(f"| {rule.severity} |"), rule.name
