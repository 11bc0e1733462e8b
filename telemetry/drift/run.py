"""One run: weeks in, findings out, and the rows that pages read.

A week is compared with up to four weeks before it. The week before alone would call a change that stays "normal" at
once, and a fixed reference would alarm for ever: with four, a step shows in its week and fades as it becomes usual.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from telemetry.drift.findings import Finding, judge, measure
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.drift.weeks import WEEK, label_of, monday_of, start_of
from telemetry.drift.windows import Subject, Window, read_window, subjects_by_week
from telemetry.errors import UnknownModel, UnknownWeek
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading

REFERENCE_WEEKS = 4


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a run found; the same is in the database."""

    run_id: str
    started: datetime
    seconds: float
    weeks: tuple[date, ...]
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """The changes, the largest of each week first."""
        found = [finding for finding in self.findings if finding.state == "drift"]
        return tuple(sorted(found, key=lambda finding: (finding.week, -finding.ratio)))

    @property
    def tested(self) -> int:
        """Metrics with enough data."""
        return sum(finding.state != "not_enough_data" for finding in self.findings)

    @property
    def cells(self) -> int:
        """Pairs of model and week."""
        return len({(finding.week, finding.subject) for finding in self.findings})


def run_drift(
    engine: sa.Engine,
    *,
    week: date | None = None,
    all_weeks: bool = False,
    models: Collection[str] | None = None,
    now: datetime | None = None,
) -> DriftReport:
    """Compare weeks with those before them, and replace their rows. Doing it twice leaves the same rows.

    Without ``week`` and ``all_weeks``: the present week, the one before it, and every older one that has no rows yet.
    What was found of a week stays as it is once some of its traffic has been pruned.

    Args:
        engine: one that may write.
        week: the Monday of the only week to be looked at.
        all_weeks: every week of which all traffic is there.
        models: the only models to be written; the q-values are those of the whole week all the same.
        now: tells which week is the present one.

    Raises:
        UnknownWeek, UnknownModel: the store has no such traffic, or no longer.
        StorageError
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    with reading(engine) as connection:
        subjects = subjects_by_week(connection)
        _check(subjects, week, models)
        if week is not None:
            weeks = [week]
        elif all_weeks:
            weeks = sorted(subjects)
        else:
            weeks = _due(connection, subjects, now or started)
        weeks = _covered(connection, weeks, week)
        findings = _compare(connection, subjects, weeks)
    if models is not None:
        findings = [finding for finding in findings if finding.subject.model in models]
    report = DriftReport(
        run_id=uuid.uuid4().hex,
        started=started,
        seconds=time.perf_counter() - clock,
        weeks=tuple(weeks),
        findings=tuple(findings),
    )
    _store(engine, report, models)
    return report


def _check(subjects: dict[date, set[Subject]], week: date | None, models: Collection[str] | None) -> None:
    if week is not None and week not in subjects:
        known = f"it has {label_of(min(subjects))} to {label_of(max(subjects))}" if subjects else "it has none at all"
        raise UnknownWeek(f"the store has no models' answers in week {label_of(week)}; {known}")
    names = {subject.model for found in subjects.values() for subject in found}
    for model in sorted(set(models or ()) - names):
        known = f"it has {', '.join(sorted(names))}" if names else "it has none at all"
        raise UnknownModel(f"the store has no answers of a model {model!r}; {known}")


def _due(connection: sa.Connection, subjects: dict[date, set[Subject]], now: datetime) -> list[date]:
    done = set(connection.scalars(sa.select(DRIFT_METRIC.c.week).distinct()))
    recent = monday_of(now) - WEEK
    return sorted(week for week in subjects if week >= recent or week not in done)


def _covered(connection: sa.Connection, weeks: list[date], asked: date | None) -> list[date]:
    """Weeks without a pruned day: a new comparison would put less in the place of what was found."""
    since = covered_since(connection)
    if since is None:
        return weeks
    if asked is not None and start_of(asked) < since:
        raise UnknownWeek(
            f"traffic of week {label_of(asked)} has been pruned, so it cannot be compared again; "
            f"what was found then is kept, and what came after {since:%Y-%m-%d} can be compared"
        )
    return [week for week in weeks if start_of(week) >= since]


@dataclass(slots=True)
class _Reader:
    """Reads each window once while it may still be somebody's reference."""

    connection: sa.Connection
    subjects: dict[date, set[Subject]]
    windows: dict[tuple[date, Subject], Window] = field(default_factory=dict)

    def window(self, week: date, subject: Subject) -> Window:
        key = (week, subject)
        if key not in self.windows:
            self.windows[key] = read_window(self.connection, subject, week)
        return self.windows[key]

    def reference(self, week: date, subject: Subject) -> Window:
        before = [week - WEEK * back for back in range(1, REFERENCE_WEEKS + 1)]
        return Window.of([self.window(day, subject) for day in before if subject in self.subjects.get(day, ())])

    def forget_before(self, week: date) -> None:
        self.windows = {key: window for key, window in self.windows.items() if key[0] >= week}


def _compare(connection: sa.Connection, subjects: dict[date, set[Subject]], weeks: Sequence[date]) -> list[Finding]:
    reader = _Reader(connection, subjects)
    judged: list[Finding] = []
    for week in weeks:
        reader.forget_before(week - WEEK * REFERENCE_WEEKS)
        # One family of tests is one week's, real or simulated: neither may thin out the other's alarms.
        for simulated in (False, True):
            found: list[Finding] = []
            for subject in sorted(subjects[week], key=lambda subject: subject.model):
                if subject.simulated == simulated:
                    found += measure(week, subject, reader.reference(week, subject), reader.window(week, subject))
            judged += judge(found)
    return judged


def _store(engine: sa.Engine, report: DriftReport, models: Collection[str] | None) -> None:
    run = {
        "run_id": report.run_id,
        "started": report.started,
        "finished": datetime.now(UTC),
        "seconds": report.seconds,
        "weeks": len(report.weeks),
        "cells": report.cells,
        "tested": report.tested,
        "drifted": len(report.drifted),
    }
    stale = sa.delete(DRIFT_METRIC).where(DRIFT_METRIC.c.week == sa.bindparam("monday"))
    if models is not None:
        stale = stale.where(DRIFT_METRIC.c.model.in_(sorted(models)))
    rows = list(_rows(report.run_id, report.findings))
    with engine.begin() as connection:
        for week in report.weeks:
            connection.execute(stale, {"monday": week})
        if rows:
            connection.execute(sa.insert(DRIFT_METRIC), rows)
        connection.execute(sa.insert(DRIFT_RUN), [run])


def _rows(run_id: str, findings: Iterable[Finding]) -> Iterable[dict[str, Any]]:
    for finding in findings:
        compared = finding.comparison
        yield {
            "week": finding.week,
            "model": finding.subject.model,
            "simulated": finding.subject.simulated,
            "metric": finding.metric.name,
            "run_id": run_id,
            "kind": finding.metric.kind,
            "unit": finding.metric.unit,
            "state": finding.state,
            "n": finding.n,
            "n_reference": finding.n_reference,
            "effect_name": None if compared is None else compared.effect_name,
            "effect": None if compared is None else compared.effect,
            "threshold": finding.threshold,
            "p_name": None if compared is None else compared.p_name,
            "p": None if compared is None else compared.p,
            "q": finding.q,
            "statistics": json.dumps({} if compared is None else compared.statistics),
            "reference": finding.reference.to_json(),
            "current": finding.current.to_json(),
        }
