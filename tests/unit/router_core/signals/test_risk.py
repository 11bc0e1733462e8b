"""The effective risk is the highest that anybody says."""

import pytest

from router_core.signals.risk import effective_risk


@pytest.mark.parametrize(
    ("stated", "raised", "effective"),
    [
        ("low", [], "low"),
        ("low", ["medium", None], "medium"),
        ("high", ["medium"], "high"),
        ("medium", ["low", "high"], "high"),
    ],
)
def test_risk_is_raised_and_never_lowered(stated, raised, effective):
    assert effective_risk(stated, raised) == effective
