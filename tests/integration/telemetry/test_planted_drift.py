"""Six models of which each changes once: every change is found in its week, by its metric, and under its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pytest
import sqlalchemy as sa

from telemetry.drift.run import run_drift
from telemetry.drift.weeks import WEEK, start_of
from telemetry.drift.windows import Vocabulary
from telemetry.query import drift
from telemetry.query.drift import DriftFinding
from telemetry.rollup import rebuild
from telemetry.storage.bulk import bulk_of
from telemetry.storage.engine import add, open_engine
from telemetry.storage.models import BRANCH, REQUEST
from tests.drifting import FIRST, Habits, rows_of, week

WEEKS = 4


@dataclass(frozen=True)
class Planted:
    """From which week on a model is otherwise, and what must be said of it."""

    since: int
    habits: Habits
    cause: str
    metrics: frozenset[str]
    """Those that must be among what drifted."""
    n: int = 300


PLANTED = {
    "slower": Planted(2, Habits(slower=1.5), "model", frozenset({"latency_ms", "ttft_ms"})),
    "terser": Planted(2, Habits(shorter=0.7), "model", frozenset({"answer_characters", "output_tokens"}), 600),
    "shyer": Planted(3, Habits(refuses=0.05), "model", frozenset({"refused"}), 900),
    "dearer": Planted(2, Habits(price=900), "price", frozenset({"cost"})),
    "asked-otherwise": Planted(
        3, Habits(asked=(0.1, 0.5, 0.3, 0.1)), "input", frozenset({"intent", "prompt_characters"})
    ),
    "renewed": Planted(3, Habits(version="v2"), "model", frozenset({"version"})),
    "steady": Planted(WEEKS, Habits(), "none", frozenset()),
}


def monday(number: int) -> date:
    return FIRST + WEEK * number


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[DriftFinding]]:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('planted') / 't.db'}")
    rng, vocabulary = np.random.default_rng(31), Vocabulary()
    for model, planted in PLANTED.items():
        for number in range(WEEKS):
            habits = planted.habits if number >= planted.since else Habits()
            window = week(rng, planted.n, vocabulary, habits, monday=monday(number))
            bundle = rows_of(window, vocabulary, model)
            for table, rows in ((REQUEST, bundle.requests), (BRANCH, bundle.branches)):
                add(engine, partial(_insert, table, rows))
    rebuild(engine)
    run_drift(engine, all_weeks=True)
    yield drift.findings(engine)
    engine.dispose()


def _insert(table: sa.Table, rows: list[dict[str, object]], connection: sa.Connection) -> None:
    bulk_of(connection).insert(connection, table, rows)


@pytest.mark.parametrize("model", [name for name in PLANTED if name != "steady"])
def test_a_change_is_found_in_its_week_by_its_metric_and_under_its_name(findings: list[DriftFinding], model: str):
    planted = PLANTED[model]
    of_model = [one for one in findings if one.model == model]
    first = min(one.week for one in of_model)
    assert first == monday(planted.since)
    then = [one for one in of_model if one.week == first]
    assert planted.metrics <= {one.metric for one in then}
    assert {one.cause for one in then if one.metric in planted.metrics} == {planted.cause}


@pytest.mark.parametrize("model", ["slower", "dearer", "renewed"])
def test_the_change_is_dated_at_the_monday_on_which_it_came(findings: list[DriftFinding], model: str):
    planted = PLANTED[model]
    (one, *_) = (found for found in findings if found.model == model and found.metric in planted.metrics)
    assert one.changed_from is not None and one.changed_to is not None
    assert one.changed_from <= start_of(monday(planted.since)) <= one.changed_to
    assert one.changed_to - one.changed_from < WEEK


def test_nothing_is_found_of_a_model_that_stays_as_it_is(findings: list[DriftFinding]):
    assert [one for one in findings if one.model == "steady"] == []
