"""One run: weeks in, findings out, and the rows that pages read.

A week is compared with up to four weeks before it, with the week before alone, and with a week that somebody pinned.
The week before alone would call a change that stays "normal" at once, and a fixed reference would alarm for ever: with
four, a step shows in its week and fades as it becomes usual, so that one comes first wherever only one is shown.

Each week is one transaction, and is left alone as long as nothing that it was computed from has changed: a run that
was stopped goes on where it was, and a second run over the same weeks does nothing.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final

import numpy as np
import sqlalchemy as sa

from telemetry.drift import stored
from telemetry.drift.baseline import pinned_weeks
from telemetry.drift.embedding import CharacterGrams, Embedder
from telemetry.drift.findings import Finding, Part, judge
from telemetry.drift.pair import Pair
from telemetry.drift.turn import turn
from telemetry.drift.weeks import WEEK, label_of, monday_of, start_of
from telemetry.drift.windows import (
    MISSING,
    PURPOSES,
    Subject,
    Vocabulary,
    Window,
    read_window,
    refusal_validators,
    subjects_by_week,
)
from telemetry.errors import UnknownModel, UnknownWeek
from telemetry.storage.coverage import covered_since
from telemetry.storage.engine import reading, writing

REFERENCE_WEEKS: Final = 4
MIN_PART: Final = 200
"""Rows of a route or intent, in the week and before it, that are worth a look of their own."""
MAX_PARTS: Final = 6
"""Routes, and intents, of a model that are looked at; the most used ones."""
METHOD: Final = 4
"""Counts up when findings would come out otherwise from the same rows."""

Subjects = dict[date, dict[Subject, int]]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a run did; what it found is in the database too."""

    run_id: str
    started: datetime
    seconds: float
    weeks: tuple[date, ...]
    """All that were asked for and can be compared."""
    compared: tuple[date, ...]
    """Those of them that had changed since they were compared last."""
    findings: tuple[Finding, ...]
    """Of the compared weeks, over all of a model's traffic; of routes and intents only what drifted."""

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """The changes of whole models against the four weeks before, the largest of each week first."""
        found = [
            finding
            for finding in self.findings
            if finding.state == "drift" and finding.against == "trailing" and finding.part.scope == "model"
        ]
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
    again: bool = False,
    now: datetime | None = None,
    embedder: Embedder | None = None,
    wait_s: float = 0.0,
) -> DriftReport:
    """Compare weeks with those before them, and replace their rows. Doing it twice leaves the same rows.

    Without ``week`` and ``all_weeks``: the present week, the one before it, and every older one that has no rows yet.
    What was found of a week stays as it is once some of its traffic has been pruned.

    Args:
        engine: one that may write.
        week: the Monday of the only week to be looked at.
        all_weeks: every week of which all traffic is there.
        models: the only models to be written; the q-values are those of the whole week all the same.
        again: compare weeks also when nothing has changed since.
        now: tells which week is the present one: its references are cut to as much of their weeks as has passed of it.
        embedder: makes vectors of kept texts; `CharacterGrams` when it is left out.
        wait_s: how long another run is waited for.

    Raises:
        UnknownWeek, UnknownModel: the store has no such traffic, or no longer.
        DriftAtWork: another run is at work.
        StorageError
    """
    with turn(engine, wait_s) as renew:
        return _run(engine, week, all_weeks, models, again, now, embedder or CharacterGrams(), renew)


def _run(
    engine: sa.Engine,
    week: date | None,
    all_weeks: bool,
    models: Collection[str] | None,
    again: bool,
    now: datetime | None,
    embedder: Embedder,
    renew: Callable[[], None],
) -> DriftReport:
    started, clock = datetime.now(UTC), time.perf_counter()
    with reading(engine) as connection:
        plan = _plan(connection, week, all_weeks, models, now or started, embedder)
    due = [one for one in plan.weeks if again or models is not None or one in plan.changed]
    report = DriftReport(uuid.uuid4().hex, started, 0.0, plan.weeks, (), ())
    for one in due:
        with reading(engine) as connection:
            found = plan.reader.findings(connection, one)
        found = [each for each in found if models is None or each.subject.model in models]
        report = replace(
            report,
            seconds=time.perf_counter() - clock,
            compared=(*report.compared, one),
            findings=(*report.findings, *found),
        )
        renew()
        with writing(engine) as connection:
            stored.replace_week(connection, report.run_id, one, found, models, spared=plan.reader.spared(one))
            if models is None:
                stored.note_week(connection, report.run_id, one, plan.fingerprints[one])
            stored.note_run(connection, _row(report))
    report = replace(report, seconds=time.perf_counter() - clock)
    with writing(engine) as connection:
        stored.note_run(connection, _row(report))
    return report


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which weeks a run is about."""

    weeks: tuple[date, ...]
    fingerprints: dict[date, str]
    changed: frozenset[date]
    """Weeks of which the fingerprint is not the one that was stored."""
    reader: _Reader


def _plan(
    connection: sa.Connection,
    week: date | None,
    all_weeks: bool,
    models: Collection[str] | None,
    now: datetime,
    embedder: Embedder,
) -> _Plan:
    subjects = subjects_by_week(connection)
    _check(subjects, week, models)
    pinned, done, since = pinned_weeks(connection), stored.fingerprints(connection), covered_since(connection)
    recent = monday_of(now) - WEEK
    wanted = (
        [week] if week is not None else sorted(one for one in subjects if all_weeks or one >= recent or one not in done)
    )
    weeks = _covered(connection, wanted, week)
    method = f"{METHOD} {embedder.name}"
    prints = {one: _fingerprint(method, one, subjects, pinned, over=one < monday_of(now)) for one in weeks}
    changed = frozenset(one for one in weeks if done.get(one) != prints[one])
    lost = frozenset(one for one in pinned.values() if since is not None and start_of(one) < since)
    reader = _Reader(subjects, pinned, lost, now, Vocabulary(refusal_validators(connection)), embedder)
    return _Plan(tuple(weeks), prints, changed, reader)


def _check(subjects: Subjects, week: date | None, models: Collection[str] | None) -> None:
    if week is not None and week not in subjects:
        known = f"it has {label_of(min(subjects))} to {label_of(max(subjects))}" if subjects else "it has none at all"
        raise UnknownWeek(f"the store has no models' answers in week {label_of(week)}; {known}")
    names = {subject.model for found in subjects.values() for subject in found}
    for model in sorted(set(models or ()) - names):
        known = f"it has {', '.join(sorted(names))}" if names else "it has none at all"
        raise UnknownModel(f"the store has no answers of a model {model!r}; {known}")


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


def _fingerprint(method: str, week: date, subjects: Subjects, pinned: Mapping[str, date], *, over: bool) -> str:
    """Of all that a week's findings are computed from; facts never change, so their number says enough.

    A week that is over is compared with whole weeks, so it is compared once more then.
    """
    weeks = [week - WEEK * back for back in range(REFERENCE_WEEKS + 1)]
    weeks += sorted(set(pinned.values()))
    counted = [
        (one, sorted((s.model, s.simulated, s.purpose, n) for s, n in subjects.get(one, {}).items())) for one in weeks
    ]
    return blake2b(repr((method, over, counted, sorted(pinned.items()))).encode(), digest_size=16).hexdigest()


def _row(report: DriftReport) -> dict[str, object]:
    return {
        "run_id": report.run_id,
        "started": report.started,
        "finished": datetime.now(UTC),
        "seconds": report.seconds,
        "weeks": len(report.compared),
        "cells": report.cells,
        "tested": report.tested,
        "drifted": len(report.drifted),
    }


@dataclass(slots=True)
class _Reader:
    """Reads each window once while it may still be somebody's reference."""

    subjects: Subjects
    pinned: Mapping[str, date]
    lost: frozenset[date]
    """Pinned weeks that have been pruned, wholly or in part."""
    now: datetime
    vocabulary: Vocabulary
    embedder: Embedder
    windows: dict[tuple[date, Subject], Window] = field(default_factory=dict)

    def findings(self, connection: sa.Connection, week: date) -> list[Finding]:
        """All of a week, judged, and what drifted explained."""
        oldest = week - WEEK * REFERENCE_WEEKS
        kept = {*self.pinned.values()}
        self.windows = {key: window for key, window in self.windows.items() if key[0] >= oldest or key[0] in kept}
        found: list[Finding] = []
        # A family of tests is a week's, real or simulated, of users or canaries: none may thin out another's alarms.
        for purpose in PURPOSES:
            for simulated in (False, True):
                of_family = [s for s in self.subjects[week] if (s.purpose, s.simulated) == (purpose, simulated)]
                found += self._family(connection, week, sorted(of_family, key=lambda subject: subject.model))
        return found

    def _family(self, connection: sa.Connection, week: date, subjects: Sequence[Subject]) -> list[Finding]:
        pairs = [pair for subject in subjects for pair in self._pairs(connection, week, subject)]
        measured = [(pair, finding) for pair in pairs for finding in pair.measure()]
        judged = judge([finding for _, finding in measured])
        kept: list[Finding] = []
        histories: dict[Subject, Window] = {}
        for (pair, _), finding in zip(measured, judged, strict=True):
            if finding.state == "drift":
                if pair.subject not in histories:
                    histories[pair.subject] = self._history(connection, week, pair.subject)
                kept.append(pair.explain(finding, _of_part(histories[pair.subject], pair, self.vocabulary)))
            elif pair.part.scope == "model":
                kept.append(pair.shaped(finding))
        return kept

    def _pairs(self, connection: sa.Connection, week: date, subject: Subject) -> Iterator[Pair]:
        current = self._window(connection, week, subject)
        trailing = self._reference(connection, week, subject, REFERENCE_WEEKS)
        yield Pair(week, subject, trailing, current, self.vocabulary, "trailing")
        yield Pair(week, subject, self._reference(connection, week, subject, 1), current, self.vocabulary, "previous")
        pinned = self._pinned(subject.model)
        if pinned is not None and pinned < week and pinned not in self.lost:
            before = self._cut(self._window(connection, pinned, subject), week)
            yield Pair(week, subject, before, current, self.vocabulary, "baseline")
        for scope in ("route", "intent"):
            for name, code in _parts(trailing, current, scope, self.vocabulary):
                before, now = (side.take(side.codes[scope] == code) for side in (trailing, current))
                part = Part("route" if scope == "route" else "intent", name)
                yield Pair(week, subject, before, now, self.vocabulary, "trailing", part)

    def spared(self, week: date) -> frozenset[str]:
        """Models whose pinned week is gone: what was found against it while it was there stays."""
        return frozenset(each.model for each in self.subjects[week] if self._pinned(each.model) in self.lost)

    def _pinned(self, model: str) -> date | None:
        return self.pinned.get(model, self.pinned.get(""))

    def _window(self, connection: sa.Connection, week: date, subject: Subject) -> Window:
        key = (week, subject)
        if key not in self.windows:
            self.windows[key] = read_window(connection, subject, week, self.vocabulary, embedder=self.embedder)
        return self.windows[key]

    def _reference(self, connection: sa.Connection, week: date, subject: Subject, weeks: int) -> Window:
        before = [week - WEEK * back for back in range(weeks, 0, -1)]
        there = [self._window(connection, one, subject) for one in before if subject in self.subjects.get(one, {})]
        return self._cut(Window.of(there), week)

    def _history(self, connection: sa.Connection, week: date, subject: Subject) -> Window:
        weeks = [week - WEEK * back for back in range(REFERENCE_WEEKS, -1, -1)]
        there = [self._window(connection, one, subject) for one in weeks if subject in self.subjects.get(one, {})]
        return Window.of(there)

    def _cut(self, window: Window, week: date) -> Window:
        """Of the reference of the present week, the same days and hours: a Monday is not like a whole week."""
        passed = self.now - start_of(week)
        if not timedelta(0) < passed < WEEK:
            return window
        into = (window.at - start_of(week).timestamp()) % WEEK.total_seconds()
        return window.take(into < passed.total_seconds())


def _parts(reference: Window, current: Window, scope: str, vocabulary: Vocabulary) -> list[tuple[str, int]]:
    """Routes or intents of which there are enough rows, unless one of them is all there is."""
    names = vocabulary.labels.get(scope, [])
    had, has = (
        np.bincount(codes[codes != MISSING], minlength=len(names))
        for codes in (reference.codes[scope], current.codes[scope])
    )
    enough = [code for code in np.argsort(-has) if has[code] >= MIN_PART and had[code] >= MIN_PART]
    if len(enough) == 1 and has[enough[0]] == current.rows:
        return []
    return [(names[code], int(code)) for code in enough[:MAX_PARTS]]


def _of_part(history: Window, pair: Pair, vocabulary: Vocabulary) -> Window:
    if pair.part.scope == "model":
        return history
    return history.take(history.codes[pair.part.scope] == vocabulary.labels[pair.part.scope].index(pair.part.name))
