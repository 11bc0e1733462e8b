"""The demo's verdicts say that they are simulated, are given once, and go with their decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from app import demo
from app.demo_evaluations import NAME, write_evaluations
from telemetry.query.filters import Filters
from telemetry.query.scorecard import evaluators, scorecard
from telemetry.query.shadows import shadow_comparisons
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader, reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import REQUEST
from tests.integration.app.test_demo import END


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder / 'demo.db'}"
    with Telemetry.open(url, home=folder, durability="async") as telemetry:
        demo.write_history(telemetry, weeks=2, count=120, seed=7, end=END)
        assert write_evaluations(telemetry, 7, rate=0.6, shadowed=0.4) > 20
        # What is judged is not judged again.
        assert write_evaluations(telemetry, 7, rate=0.6, shadowed=0.4) == 0
    return url


def test_every_verdict_and_every_shadow_call_is_simulated(url: str) -> None:
    with reading(open_reader(url)) as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(~EVALUATION.c.simulated)) == 0
        assert connection.scalar(sa.select(sa.func.count()).where(~REQUEST.c.simulated)) == 0
        shadows = connection.execute(sa.select(REQUEST).where(REQUEST.c.purpose == "shadow")).all()
    assert shadows and all(row.parent_decision_id is not None for row in shadows)


def test_the_page_of_quality_has_something_to_show(url: str) -> None:
    engine = open_reader(url)
    assert {use.name for use in evaluators(engine, Filters())} == {NAME, "feedback"}
    assert any(row.accuracy.n for row in scorecard(engine, Filters(), NAME))
    assert shadow_comparisons(engine, Filters(), NAME)


def test_clearing_the_demo_removes_them(url: str) -> None:
    with Telemetry.open(url, home=Path(url.removeprefix("sqlite:///")).parent) as telemetry:
        demo.clear(telemetry.engine)
        with reading(telemetry.engine) as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(EVALUATION)) == 0
