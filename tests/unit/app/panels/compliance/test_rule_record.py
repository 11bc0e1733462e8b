"""What rules did over time, told by the page's words."""

from __future__ import annotations

from datetime import UTC, datetime

from app.panels.compliance.rule_record import by_step
from telemetry.query.compliance import RuleVerdicts

DAY = datetime(2026, 3, 3, tzinfo=UTC)


def test_what_is_called_alike_is_counted_together_and_all_time_is_no_step() -> None:
    verdicts = [
        RuleVerdicts("local", "required", DAY, 3, 2),
        RuleVerdicts("cheap", "excluded", DAY, 4, 4),
        RuleVerdicts("no", "denied", DAY, 1, 0),
        RuleVerdicts("no", "denied", None, 9, 0),
    ]
    assert by_step(verdicts) == {"narrowed": {DAY: 7.0}, "denied": {DAY: 1.0}}
