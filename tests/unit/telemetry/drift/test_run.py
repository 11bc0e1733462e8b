from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from telemetry.drift.baseline import lost_weeks, pin, unpin
from telemetry.drift.run import run_drift
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_WEEK, KEY
from telemetry.drift.weeks import WEEK, start_of
from telemetry.errors import UnknownModel, UnknownWeek
from telemetry.query import drift
from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from telemetry.storage.erase import delete_simulated
from telemetry.storage.slices import Slices
from tests.traces import Attempt, Routed, emit

FIRST = date(2026, 3, 2)


def answers(
    week: int, n: int, *, model: str = "small", simulated: bool = False, slower: float = 1.0
) -> Iterator[Routed]:
    rng = np.random.default_rng([week, n, simulated])
    for number in range(n):
        at = start_of(FIRST) + WEEK * week + timedelta(hours=float(rng.uniform(0, 160)))
        latency = float(rng.lognormal(6, 0.4) * slower)
        attempt = Attempt(model, latency_ms=latency, ttft_ms=latency / 5, answer="word " * int(rng.integers(5, 40)))
        yield Routed(f"{model}-{simulated}-{week}-{number}", at=at, simulated=simulated, attempts=(attempt,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Telemetry]:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, durability="async") as telemetry:
        yield telemetry


def fill(telemetry: Telemetry, *traffic: Iterable[Routed]) -> None:
    tracer = telemetry.tracer_provider.get_tracer("test")
    for some in traffic:
        for routed in some:
            emit(tracer, routed)
    assert telemetry.sink.force_flush(60_000)


def stored(engine: sa.Engine) -> list[tuple[object, ...]]:
    columns = [DRIFT_METRIC.c[name] for name in (*KEY, "state", "effect", "q", "n", "n_reference", "before", "after")]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns[: len(KEY)]))]


def test_a_step_shows_in_its_week_and_fades(store: Telemetry):
    fill(store, *(answers(week, 120, slower=1.0 if week < 5 else 1.6) for week in range(10)))
    report = run_drift(store.engine, all_weeks=True)
    assert {finding.metric.name for finding in report.drifted} == {"latency_ms", "ttft_ms"}
    cells = drift.heatmap(open_reader(str(store.engine.url)))
    assert [cell.state for cell in cells][:6] == ["not_enough_data", "ok", "ok", "ok", "ok", "drift"]
    assert cells[5].worst_metric in {"latency_ms", "ttft_ms"}
    ratios = [cell.worst_ratio or 0.0 for cell in cells]
    assert ratios[5] > ratios[7] > ratios[9] and cells[9].state == "ok"


def test_a_cell_shows_both_distributions(store: Telemetry):
    fill(store, *(answers(week, 80, slower=1.0 if week < 1 else 3.0) for week in range(2)))
    run_drift(store.engine, week=FIRST + WEEK)
    metrics = drift.cell(store.engine, "small", FIRST + WEEK, False)
    assert len(metrics) == 17
    latency = next(metric for metric in metrics if metric.metric == "latency_ms")
    assert (latency.state, latency.unit, latency.n, latency.n_reference) == ("drift", "ms", 80, 80)
    assert latency.reference.edges == latency.current.edges
    assert (latency.current.median or 0) > 2 * (latency.reference.median or 0)
    assert latency.effect_name in latency.statistics
    assert [metric.state for metric in metrics] == sorted(
        (m.state for m in metrics), key=["drift", "ok", "not_enough_data"].index
    )
    assert drift.cell(store.engine, "nobody", FIRST, False) == []


def test_running_again_leaves_the_same_rows(store: Telemetry):
    fill(store, *(answers(week, 60) for week in range(3)))
    first = run_drift(store.engine, all_weeks=True)
    before = stored(store.engine)
    second = run_drift(store.engine, all_weeks=True, again=True)
    assert stored(store.engine) == before
    run = drift.last_run(store.engine)
    assert run is not None and run.run_id == second.run_id != first.run_id
    assert (run.weeks, run.cells, run.drifted) == (3, 3, 0) and run.tested == second.tested > 0


def test_weeks_in_which_nothing_has_changed_are_left_alone(store: Telemetry):
    fill(store, *(answers(week, 60) for week in range(3)))
    assert len(run_drift(store.engine, all_weeks=True).compared) == 3
    again = run_drift(store.engine, all_weeks=True)
    assert (len(again.weeks), again.compared, again.findings) == (3, (), ())
    fill(store, answers(2, 5, model="late"))
    assert run_drift(store.engine, all_weeks=True).compared == (FIRST + WEEK * 2,)


def test_a_run_that_was_stopped_goes_on_where_it_was(store: Telemetry):
    fill(store, *(answers(week, 60) for week in range(4)))
    whole = run_drift(store.engine, all_weeks=True)
    everything = stored(store.engine)
    with store.engine.begin() as connection:
        # As a run leaves it that was killed before its last two weeks.
        for table in (DRIFT_METRIC, DRIFT_WEEK):
            connection.execute(sa.delete(table).where(table.c.week >= FIRST + WEEK * 2))
    rest = run_drift(store.engine, all_weeks=True)
    assert rest.compared == whole.weeks[2:]
    assert stored(store.engine) == everything


def test_a_pinned_week_keeps_calling_a_change_that_the_last_weeks_have_got_used_to(store: Telemetry):
    fill(store, *(answers(week, 70, slower=1.0 if week < 3 else 1.8) for week in range(9)))
    pin(store.engine, FIRST + WEEK)
    run_drift(store.engine, all_weeks=True)
    last = {
        against: drift.heatmap(store.engine, against=against)[-1] for against in ("trailing", "previous", "baseline")
    }
    assert {against: cell.state for against, cell in last.items()} == {
        **{"trailing": "ok", "previous": "ok", "baseline": "drift"}
    }
    assert drift.baselines(store.engine) == {"": FIRST + WEEK}
    assert {cell.week for cell in drift.heatmap(store.engine, against="baseline")} == {
        FIRST + WEEK * week for week in range(2, 9)
    }
    assert unpin(store.engine) and not unpin(store.engine)
    assert len(run_drift(store.engine, all_weeks=True).compared) == 9
    assert drift.heatmap(store.engine, against="baseline") == []


def test_a_week_that_is_not_there_cannot_be_pinned(store: Telemetry):
    fill(store, answers(0, 2))
    with pytest.raises(UnknownWeek, match="it has 2026-W10 to 2026-W10"):
        pin(store.engine, FIRST + WEEK)
    with pytest.raises(UnknownModel, match="'other' has no answers in week 2026-W10; it has those of small"):
        pin(store.engine, FIRST, "other")
    assert lost_weeks(store.engine) == {}


def test_a_pinned_week_whose_rows_are_gone_is_named_and_no_longer_compared_with(store: Telemetry):
    fill(store, *(answers(week, 60) for week in range(4)))
    pin(store.engine, FIRST)
    now = start_of(FIRST) + WEEK + timedelta(days=2)
    slices = Slices(store.engine, sleep=lambda _: None)
    prune(store.engine, keep_days=1, keep_content_days=None, now=now, slices=slices)
    run_drift(store.engine, all_weeks=True)
    assert lost_weeks(store.engine) == {"": FIRST}
    assert drift.heatmap(store.engine, against="baseline") == []
    with pytest.raises(UnknownWeek, match="traffic of week 2026-W10 has been pruned; pin one after"):
        pin(store.engine, FIRST)


def test_a_change_in_one_route_is_found_there(store: Telemetry):
    for week in range(2):
        slow = 2.2 if week else 1.0
        chat = [replace(one, decision_id=f"c{one.decision_id}") for one in answers(week, 260)]
        draft = [
            replace(one, decision_id=f"d{one.decision_id}", route="draft") for one in answers(week, 210, slower=slow)
        ]
        fill(store, chat, draft)
    run_drift(store.engine, all_weeks=True)
    found = drift.findings(store.engine, scope="route")
    assert {(one.part, one.metric) for one in found} == {("draft", "latency_ms"), ("draft", "ttft_ms")}
    metrics = drift.cell(store.engine, "small", FIRST + WEEK, False, scope="route", part="draft")
    assert [metric.state for metric in metrics] == ["drift", "drift"] and metrics[0].current.shares


def test_canaries_are_compared_with_canaries_alone(store: Telemetry):
    users = [answers(week, 120) for week in range(2)]
    canaries = [
        [
            replace(one, decision_id=f"c{one.decision_id}", purpose="canary")
            for one in answers(week, 60, slower=3.0 * (1 + week))
        ]
        for week in range(2)
    ]
    fill(store, *users, *canaries)
    run_drift(store.engine, all_weeks=True)
    assert drift.findings(store.engine) == []
    assert {one.metric for one in drift.findings(store.engine, purpose="canary")} == {"latency_ms", "ttft_ms"}
    assert [cell.state for cell in drift.heatmap(store.engine, purpose="canary")] == ["not_enough_data", "drift"]


def test_a_week_that_has_only_begun_is_compared_with_the_same_days_of_the_weeks_before(store: Telemetry):
    """Weekends are slow here: against whole weeks, a Monday would look like a change."""
    for week in range(3):
        fill(
            store, (replace(one, attempts=(slow(one),)) for one in answers(week, 400) if week < 2 or one.at < monday(2))
        )
    now = monday(2)
    run_drift(store.engine, now=now)
    assert drift.findings(store.engine, weeks=[FIRST + WEEK * 2]) == []
    metrics = drift.cell(store.engine, "small", FIRST + WEEK * 2, False)
    latency = next(metric for metric in metrics if metric.metric == "latency_ms")
    assert latency.state == "ok" and latency.n_reference < 400
    over = run_drift(store.engine, now=now + WEEK)
    assert over.compared == (FIRST + WEEK * 2,)
    assert run_drift(store.engine, now=now + WEEK).compared == ()


def monday(week: int) -> datetime:
    """The end of the first two days of a week."""
    return start_of(FIRST) + WEEK * week + timedelta(days=2)


def slow(one: Routed) -> Attempt:
    (attempt,) = one.attempts
    return replace(attempt, latency_ms=attempt.latency_ms * (3.0 if one.at.weekday() > 2 else 1.0))


def test_real_and_simulated_traffic_never_share_a_window(store: Telemetry):
    real = [answers(week, 60) for week in range(2)]
    simulated = [answers(week, 60, simulated=True, slower=4.0) for week in range(2)]
    fill(store, *real)
    run_drift(store.engine, all_weeks=True)
    alone = stored(store.engine)
    fill(store, *simulated)
    assert run_drift(store.engine, all_weeks=True).drifted == ()
    assert [row for row in stored(store.engine) if not row[3]] == alone
    assert {cell.simulated for cell in drift.heatmap(store.engine, simulated=True)} == {True}
    delete_simulated(store.engine)
    assert stored(store.engine) == alone


def test_choosing_a_model_changes_no_q(store: Telemetry):
    fill(store, *(answers(week, 60, model=model) for week in range(2) for model in ("small", "large")))
    run_drift(store.engine, all_weeks=True)
    before = stored(store.engine)
    report = run_drift(store.engine, all_weeks=True, models=["large"])
    assert {finding.subject.model for finding in report.findings} == {"large"}
    assert stored(store.engine) == before
    assert {cell.model for cell in drift.heatmap(store.engine, models=("large",))} == {"large"}


def test_without_a_choice_the_latest_weeks_and_the_missing_ones_are_done(store: Telemetry):
    fill(store, *(answers(week, 5) for week in range(5)))
    now = start_of(FIRST) + WEEK * 4 + timedelta(days=1)
    assert len(run_drift(store.engine, now=now).weeks) == 5
    assert run_drift(store.engine, now=now).weeks == (FIRST + WEEK * 3, FIRST + WEEK * 4)


def test_only_what_users_asked_counts(store: Telemetry):
    at = datetime.fromisoformat("2026-03-03T10:00:00+00:00")
    fill(store, [Routed("a", at=at, purpose="playground"), Routed("b", at=at, attempts=(Attempt("sum", kind="tool"),))])
    assert run_drift(store.engine, all_weeks=True).findings == ()


def test_an_empty_store_has_nothing_to_say(store: Telemetry):
    report = run_drift(store.engine)
    assert (report.weeks, report.findings) == ((), ())
    assert drift.heatmap(store.engine) == []
    with pytest.raises(UnknownWeek, match="in week 2026-W10; it has none at all"):
        run_drift(store.engine, week=FIRST)


def test_an_unknown_week_or_model_is_named_together_with_what_there_is(store: Telemetry):
    fill(store, answers(0, 1), answers(2, 1))
    with pytest.raises(UnknownWeek, match="in week 2026-W11; it has 2026-W10 to 2026-W12"):
        run_drift(store.engine, week=FIRST + WEEK)
    with pytest.raises(UnknownModel, match="'smal'; it has small"):
        run_drift(store.engine, models=["smal"])
    report = run_drift(store.engine, week=FIRST)
    assert {finding.state for finding in report.findings} == {"not_enough_data"}


def test_what_was_found_of_a_week_stays_once_its_traffic_was_pruned(store: Telemetry):
    fill(store, *(answers(week, 40) for week in range(6)))
    run_drift(store.engine, all_weeks=True)
    found = stored(store.engine)
    middle_of_the_third = start_of(FIRST) + WEEK * 2 + timedelta(days=3)
    prune(
        store.engine,
        keep_days=1,
        keep_content_days=None,
        now=middle_of_the_third + timedelta(days=1),
        slices=Slices(store.engine, sleep=lambda _: None),
    )
    report = run_drift(store.engine, all_weeks=True, again=True)
    assert report.weeks == tuple(FIRST + WEEK * week for week in (3, 4, 5))
    assert [row[:8] for row in stored(store.engine)] == [row[:8] for row in found]
    assert [row for row in stored(store.engine) if row[0] < FIRST + WEEK * 3] == [
        row for row in found if row[0] < FIRST + WEEK * 3
    ]
    with pytest.raises(UnknownWeek, match="traffic of week 2026-W12 has been pruned"):
        run_drift(store.engine, week=FIRST + WEEK * 2)


def test_what_was_found_against_a_pinned_week_outlives_it(store: Telemetry):
    fill(store, *(answers(week, 80, slower=1.0 if week < 2 else 2.0) for week in range(4)))
    pin(store.engine, FIRST)
    run_drift(store.engine, all_weeks=True)

    def against_the_pinned() -> list[tuple[object, ...]]:
        return [row for row in stored(store.engine) if row[KEY.index("against")] == "baseline"]

    found = against_the_pinned()
    assert {row[0] for row in found} == {FIRST + WEEK * week for week in (1, 2, 3)}
    prune(
        store.engine,
        keep_days=1,
        keep_content_days=None,
        now=start_of(FIRST) + WEEK + timedelta(days=1),
        slices=Slices(store.engine, sleep=lambda _: None),
    )
    assert lost_weeks(store.engine) == {"": FIRST}
    fill(store, answers(4, 80, slower=2.0))
    assert len(run_drift(store.engine, all_weeks=True, again=True).compared) == 4
    assert against_the_pinned() == found
    unpin(store.engine)
    run_drift(store.engine, all_weeks=True, again=True)
    assert {row[0] for row in against_the_pinned()} == set()
