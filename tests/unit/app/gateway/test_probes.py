"""A gateway is ready when every route has a model that may be called."""

from __future__ import annotations

from app.gateway.probes import unready
from router_core.providers.base import READY, Readiness

STATES = {"small": Readiness(False, "not pulled"), "large": READY, "other": Readiness(False, "its breaker is open")}


def test_one_model_that_answers_is_enough_for_a_route():
    assert unready({"chat": ["small", "large"], "code": ["large"]}, STATES.__getitem__) == []


def test_each_route_without_one_is_named_with_what_its_models_wait_for():
    assert unready({"chat": ["large"], "draft": ["small", "other"]}, STATES.__getitem__) == [
        "route draft has no model that can answer (small: not pulled; other: its breaker is open)"
    ]
