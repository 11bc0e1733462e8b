from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.query.compliance import data_classes, exposures, rules
from telemetry.query.decision import decision
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

LOCAL, CLOUD = ({semconv.BRANCH_LOCATION: where} for where in ("local", "cloud"))
DAY = timedelta(days=1)


def said(*verdicts: tuple[str, str, list[str]], data_class: str = "internal") -> dict[str, Any]:
    told = [{"rule": rule, "outcome": outcome, "models_removed": models} for rule, outcome, models in verdicts]
    return {semconv.VERDICTS: json.dumps(told, separators=(",", ":")), semconv.DATA_CLASS: data_class}


ROUTED = (
    Routed("passed", attempts=(Attempt(extra=CLOUD),), extra=said(("stays", "passed", []), ("no-keys", "passed", []))),
    Routed(
        "kept-local",
        tenant="acme",
        attempts=(Attempt("home", extra=LOCAL),),
        extra=said(("stays", "required", ["small", "large"]), ("no-keys", "passed", []), data_class="sensitive"),
    ),
    Routed(
        "escalated",
        at=START + DAY,
        attempts=(Attempt("home", outcome="rejected", extra=LOCAL), Attempt("large", cost_nano=None, extra=CLOUD)),
        extra=said(("stays", "passed", []), ("masks", "redacted", [])),
    ),
    Routed(
        "denied",
        at=START + DAY,
        status="denied",
        attempts=(),
        extra=said(("no-keys", "denied", ["small"]), ("stays", "required", ["small"]), data_class="sensitive"),
    ),
    Routed(
        "sent-on",
        policy_version="v2",
        extra=said(("to-code", "rerouted", []), ("to-code", "rerouted", []), ("passed", "excluded", ["large"])),
    ),
    Routed("told", route="otlp/other", policy_version="", extra={semconv.SOURCE: "otlp", semconv.DATA_CLASS: ""}),
)


@pytest.fixture(scope="module")
def governed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("governed")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        for routed in ROUTED:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    yield open_reader(url)


def test_an_empty_store_has_nothing_to_account_for(empty: sa.Engine):
    assert rules(empty, Filters()) == exposures(empty, Filters()) == data_classes(empty, Filters()) == []


def test_rules_are_counted_by_what_they_did_and_not_when_they_let_pass(governed: sa.Engine):
    found = {(one.rule, one.outcome): (one.requests, one.models_removed) for one in rules(governed, Filters())}
    assert found == {
        ("stays", "required"): (2, 3),
        ("no-keys", "denied"): (1, 1),
        ("masks", "redacted"): (1, 0),
        ("to-code", "rerouted"): (1, 0),
        ("passed", "excluded"): (1, 1),
    }, "a rule that spoke twice of a request did it once, and one may be called passed"


def test_rules_are_told_by_the_day_and_by_policy(governed: sa.Engine):
    by_day = rules(governed, Filters(), "day")
    assert [one.start for one in by_day] == sorted(one.start for one in by_day if one.start)
    assert {(one.rule, one.start) for one in by_day if one.rule == "stays"} == {
        ("stays", START.replace(hour=0, minute=0)),
        ("stays", START.replace(hour=0, minute=0) + DAY),
    }
    assert {one.rule for one in rules(governed, Filters(policy_version="v2"))} == {"to-code", "passed"}
    assert {one.rule for one in rules(governed, Filters(tenants=("acme",)))} == {"stays"}
    assert {one.rule for one in rules(governed, Filters(models=("home",), data_classes=("sensitive",)))} == {"stays"}


def test_every_branch_is_an_exposure_also_one_whose_answer_was_dropped(governed: sa.Engine):
    found = {(one.data_class, one.model, one.location): one for one in exposures(governed, Filters())}
    assert set(found) == {
        ("internal", "small", "cloud"),
        ("internal", "small", None),
        ("internal", "home", "local"),
        ("internal", "large", "cloud"),
        ("sensitive", "home", "local"),
    }
    dropped = found["internal", "home", "local"]
    assert (dropped.branches, dropped.answers, dropped.cost_nano) == (1, 0, 1_200)
    assert (found["internal", "large", "cloud"].cost_nano, found["internal", "large", "cloud"].cost_unknown) == (
        None,
        1,
    )
    cloud = [one for one in found.values() if one.data_class == "sensitive" and one.location != "local"]
    assert cloud == [], "nothing sensitive left"


def test_requests_are_counted_by_data_class_and_ending(governed: sa.Engine):
    internal, sensitive = data_classes(governed, Filters())
    assert (internal.data_class, internal.requests, internal.ok) == ("internal", 3, 3)
    assert (sensitive.data_class, sensitive.requests, sensitive.ok, sensitive.denied) == ("sensitive", 2, 1, 1)
    (only,) = data_classes(governed, Filters(data_classes=("sensitive",)))
    assert only == sensitive
    by_day = data_classes(governed, Filters(), "day")
    assert all(one.start is not None for one in by_day)
    assert sum(one.requests for one in by_day) == internal.requests + sensitive.requests


def test_what_others_told_is_there_for_those_who_ask_for_it(governed: sa.Engine):
    assert totals(governed, Filters()).requests == 6
    assert totals(governed, Filters(source="router")).requests == 5
    told = Filters(source="otlp")
    assert [one.model for one in exposures(governed, told)] == ["small"]
    assert [one.data_class for one in data_classes(governed, told)] == [""]
    assert rules(governed, replace(told, routes=("otlp/other",))) == []


def test_a_decision_says_where_each_branch_was(governed: sa.Engine):
    found = decision(governed, "escalated")
    assert found is not None
    assert [branch["location"] for branch in found.document["branches"]] == ["local", "cloud"]
