"""Old rows go, whole decisions at a time; rollups and findings stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.context import Context

from router_core import semconv
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.retention import preview, prune, prune_samples, start_of_kept
from telemetry.setup import Telemetry
from telemetry.storage.coverage import covered_since
from telemetry.storage.models import BRANCH, CONTENT, META, POLICY_VERSION, REQUEST, SPAN
from telemetry.storage.operation import INCIDENT, JOB_RUN, PIPELINE_HOUR, PIPELINE_SAMPLE, SAMPLE_DAYS, TABLE_SIZE
from telemetry.storage.slices import Slices
from tests import operation
from tests.traces import START, Attempt, Routed, emit

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
FACTS = (REQUEST, BRANCH, SPAN, CONTENT)


def opened(folder: Path) -> Telemetry:
    return Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, content="full")


def write(telemetry: Telemetry, *routed: Routed) -> None:
    tracer = telemetry.tracer_provider.get_tracer("test")
    for one in routed:
        emit(tracer, one)
    assert telemetry.sink.force_flush(60_000)


def days_ago(days: float, **more: object) -> Routed:
    return Routed(f"d{days}", at=NOW - timedelta(days=days), prompt="how long is this kept?", **more)  # type: ignore[arg-type]


def counts(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in FACTS}


def decisions(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(REQUEST.c.decision_id)))


def quick(engine: sa.Engine) -> Slices:
    return Slices(engine, sleep=lambda _: None)


def pruned(engine: sa.Engine, keep_days: int | None = None, keep_content_days: int | None = None, **more: object):
    return prune(
        engine, keep_days=keep_days, keep_content_days=keep_content_days, now=NOW, slices=quick(engine), **more
    )


def test_the_days_that_are_kept_are_whole_and_in_utc() -> None:
    assert start_of_kept(7, NOW) == datetime(2026, 11, 16, tzinfo=UTC)
    assert start_of_kept(7, datetime.fromisoformat("2026-11-24T01:00+03:00")) == datetime(2026, 11, 16, tzinfo=UTC)


def test_decisions_older_than_that_go_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(0), days_ago(7))
        before = counts(telemetry.engine)
        two = (Attempt(outcome="rejected"), Attempt("large"))
        write(telemetry, days_ago(8, attempts=two), days_ago(30, attempts=two))
        result = pruned(telemetry.engine, 7)
        assert decisions(telemetry.engine) == {"d0", "d7"}
        assert counts(telemetry.engine) == before
        assert result.removed == {
            "request": 2,
            "branch": 4,
            "span": 6,
            "content": 6,
            "evaluation": 0,
            "evaluation_task": 0,
            "drift_run": 0,
            "incident": 0,
        }
        assert result.rows_before == result.content_before == datetime(2026, 11, 16, tzinfo=UTC)
        assert result.longest_hold_ms > 0


def test_a_decision_that_began_before_midnight_goes_whole(tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 16, tzinfo=UTC)
    long = (Attempt(latency_ms=5_000, outcome="rejected"), Attempt("large", latency_ms=5_000))
    with opened(tmp_path) as telemetry:
        write(telemetry, Routed("late", at=midnight - timedelta(seconds=1), attempts=long, prompt="across midnight"))
        write(telemetry, Routed("early", at=midnight, attempts=long, prompt="after midnight"))
        before = counts(telemetry.engine)
        pruned(telemetry.engine, 7)
        assert decisions(telemetry.engine) == {"early"}
        assert counts(telemetry.engine) == {name: number // 2 for name, number in before.items()}


def test_rollups_and_policy_versions_stay(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        telemetry.record_policy_version("v1", "test", "format = 1", "somebody")
        write(telemetry, days_ago(1), days_ago(40), days_ago(41))
        whole = totals(telemetry.engine, Filters())
        pruned(telemetry.engine, 7)
        assert totals(telemetry.engine, Filters()) == whole
        assert whole.requests == 3
        with telemetry.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(POLICY_VERSION)) == 1


def test_content_can_go_before_its_decision(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(1), days_ago(10), days_ago(40))
        result = pruned(telemetry.engine, 30, 7)
        assert decisions(telemetry.engine) == {"d1", "d10"}
        assert counts(telemetry.engine)["content"] == 2
        assert result.content_before == datetime(2026, 11, 16, tzinfo=UTC)


def test_the_answer_after_midnight_goes_with_its_prompt(tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 16, tzinfo=UTC)
    slow = (Attempt(latency_ms=5_000, outcome="rejected"), Attempt("large"))
    with opened(tmp_path) as telemetry:
        write(telemetry, Routed("late", at=midnight - timedelta(seconds=1), attempts=slow, prompt="across midnight"))
        pruned(telemetry.engine, None, 7)
        assert counts(telemetry.engine) == {"request": 1, "branch": 2, "span": 3, "content": 0}


def test_without_a_word_nothing_goes(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(4000))
        assert pruned(telemetry.engine).nothing
        assert decisions(telemetry.engine) == {"d4000"}
        with telemetry.engine.connect() as connection:
            assert covered_since(connection) is None


def test_doing_it_twice_removes_nothing_more(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(1), days_ago(40))
        assert not pruned(telemetry.engine, 30, 7).nothing
        assert pruned(telemetry.engine, 30, 7).nothing


def test_spans_and_branches_whose_decision_never_came_go_a_day_later(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for days, attributes in ((8, {}), (9, {}), (9, {semconv.BRANCH_INDEX: 0, semconv.REQUEST_MODEL: "lost"})):
            start = int((NOW - timedelta(days=days)).timestamp() * 1e9)
            tracer.start_span("alone", context=Context(), start_time=start, attributes=attributes).end(start + 1000)
        assert telemetry.sink.force_flush(60_000)
        pruned(telemetry.engine, 7)
        left = counts(telemetry.engine)
        assert (left["span"], left["branch"]) == (1, 0)


def test_from_when_on_rows_are_whole_is_noted_before_the_first_one_goes(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(40))
        slices = Slices(telemetry.engine, sleep=stop)
        with pytest.raises(KeyboardInterrupt):
            prune(telemetry.engine, keep_days=7, keep_content_days=None, now=NOW, slices=slices)
        with telemetry.engine.connect() as connection:
            assert covered_since(connection) == datetime(2026, 11, 16, tzinfo=UTC)


def stop(_: float) -> None:
    raise KeyboardInterrupt


def test_stopped_in_the_middle_each_decision_is_there_or_gone_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, *(days_ago(20 + number / 100) for number in range(60)))
        slices = Slices(telemetry.engine, sleep=stop)
        with pytest.raises(KeyboardInterrupt):
            prune(telemetry.engine, keep_days=7, keep_content_days=None, now=NOW, slices=slices)
        left = counts(telemetry.engine)
        assert 0 < left["request"] < 60
        assert left == {
            "request": left["request"],
            "branch": left["request"],
            "span": 3 * left["request"],
            "content": 2 * left["request"],
        }
        pruned(telemetry.engine, 7)
        assert set(counts(telemetry.engine).values()) == {0}


def test_a_preview_changes_nothing_and_counts_what_pruning_removes(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, days_ago(1), days_ago(10), days_ago(40), days_ago(41))
        before = counts(telemetry.engine)
        expected = preview(telemetry.engine, keep_days=30, keep_content_days=7, now=NOW)
        assert counts(telemetry.engine) == before
        with telemetry.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(META)) == 1
        assert expected.removed == pruned(telemetry.engine, 30, 7).removed


def test_drift_runs_go_once_no_finding_refers_to_them_and_findings_stay(tmp_path: Path) -> None:
    def run(name: str, days: int) -> dict[str, object]:
        at = NOW - timedelta(days=days)
        numbers = dict.fromkeys(("seconds", "weeks", "cells", "tested", "drifted"), 1)
        return {"run_id": name, "started": at, "finished": at, **numbers}

    finding = {
        "week": datetime(2026, 9, 7).date(),
        "model": "small",
        "simulated": False,
        "metric": "latency",
        "run_id": "found",
        "kind": "numeric",
        "unit": "ms",
        "state": "ok",
        "n": 9,
        "n_reference": 9,
        "purpose": "user",
        "against": "trailing",
        "scope": "model",
        "part": "",
        "side": "model",
    }
    with opened(tmp_path) as telemetry:
        with telemetry.engine.begin() as connection:
            connection.execute(sa.insert(DRIFT_RUN), [run("found", 60), run("replaced", 50), run("new", 1)])
            connection.execute(sa.insert(DRIFT_METRIC), [finding])
        assert preview(telemetry.engine, keep_days=7, keep_content_days=None, now=NOW).removed["drift_run"] == 1
        assert pruned(telemetry.engine, 7).removed["drift_run"] == 1
        with telemetry.engine.connect() as connection:
            assert set(connection.scalars(sa.select(DRIFT_RUN.c.run_id))) == {"found", "new"}
            assert connection.scalars(sa.select(DRIFT_METRIC.c.run_id)).all() == ["found"]


def test_erased_words_are_not_left_in_the_files(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        write(telemetry, Routed("old", at=NOW - timedelta(days=40), prompt="the launch code is heliotrope " * 400))
        pruned(telemetry.engine, 7)
    left = b"".join(path.read_bytes() for path in tmp_path.glob("t.db*"))
    assert b"heliotrope" not in left


def test_incidents_go_with_the_decisions_of_their_day(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        operation.fill(telemetry.engine)
        write(telemetry, days_ago(1))
        told = preview(telemetry.engine, keep_days=7, keep_content_days=None, now=NOW).removed
        assert told["incident"] == pruned(telemetry.engine, 7).removed["incident"] == len(operation.INCIDENTS)
        with telemetry.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(INCIDENT)) == 0
            assert connection.scalar(sa.select(sa.func.count()).select_from(PIPELINE_SAMPLE)) == len(operation.SAMPLES)


def test_samples_go_after_thirty_days_whatever_the_policy_says(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        operation.fill(telemetry.engine)
        first = START + timedelta(days=SAMPLE_DAYS)
        assert not any(prune_samples(telemetry.engine, now=first).values()), "the day is not over"
        removed = prune_samples(telemetry.engine, now=first + timedelta(days=1))
        assert dict(removed) == {
            PIPELINE_SAMPLE.name: len(operation.SAMPLES),
            PIPELINE_HOUR.name: len({(row["process"], row["minute"] // 60) for row in operation.SAMPLES}),
            JOB_RUN.name: len(operation.RUNS),
            TABLE_SIZE.name: 2,
        }
        assert not prune_samples(telemetry.engine, now=first + timedelta(days=1))
        with telemetry.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(INCIDENT)) == len(operation.INCIDENTS)
