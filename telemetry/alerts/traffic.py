"""The sums over a window that rules are judged by: read once an evaluation, however many rules ask for them.

A window of up to `SHORT` is counted exactly, from the newest facts, at most `MOST` of them. A longer one is counted
from the rollups, by full hours: it begins with the hour in which it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, cast

import sqlalchemy as sa

from telemetry import histogram
from telemetry.alerts.metrics import Narrower
from telemetry.alerts.rule import Rule
from telemetry.evaluation import FEEDBACK
from telemetry.levels import BRANCHES, REQUESTS, SCORES, Family
from telemetry.query.cells import cells, sums
from telemetry.query.filters import Filters, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.text import clean

SHORT: Final = timedelta(hours=2)
MOST: Final = 50_000
"""Facts of a short window that are looked at, the newest."""
MOST_SUBJECTS: Final = 200
"""Models, routes or tenants that one rule looks at one by one, the most frequent."""
LATE: Final = "deadline_exceeded"
"""The type of error of a request whose total deadline came."""
_FIRST: Final = replace(REQUESTS, model="first")
"""Requests by the model that was asked first: of those that failed, nobody answered."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one subject, added up."""

    n: int = 0
    failed: int = 0
    denied: int = 0
    escalated: int = 0
    fell_back: int = 0
    late: int = 0
    cost_nano: int = 0
    cost_unknown: int = 0
    savings_nano: int = 0
    baseline_nano: int = 0
    savings_n: int = 0
    latency: str = ""
    """Histograms as `telemetry.histogram` writes them."""
    ttft: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """Branches of one subject, added up."""

    n: int = 0
    failed: int = 0
    latency: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a number of cases."""

    part: int = 0
    n: int = 0


Sums: TypeAlias = dict[str, Any]


class Traffic:
    """What is in the store at one moment, of real or of simulated traffic. For one evaluation; it remembers answers."""

    def __init__(self, engine: sa.Engine, now: datetime, *, simulated: bool) -> None:
        self._engine = engine
        self.now = now
        self.simulated = simulated
        self._known: dict[tuple[Any, ...], Sums] = {}

    def requests(self, rule: Rule, window: timedelta) -> dict[str, Requests]:
        """Requests of a window by the rule's subjects, the most frequent first; those without any are left out."""
        if window <= SHORT:
            # The durations of thousands of requests are read only for those who want them.
            found = self._once(_recent_requests, rule, window, rule.of.unit == "ms")
        else:
            found = self._once(_rolled_requests, rule, window, rule.metric == "deadline_miss_rate")
        return cast(dict[str, Requests], found)

    def spent(self, rule: Rule, window: timedelta) -> dict[str, Requests]:
        """Requests of every purpose: budgets pay for all of them."""
        found = (
            self._once(_recent_requests, rule, window, False, purposes=())
            if window <= SHORT
            else self._once(_rolled_requests, rule, window, False, purposes=())
        )
        return cast(dict[str, Requests], found)

    def branches(self, rule: Rule, window: timedelta) -> dict[str, Branches]:
        """The same for branches of models and tools."""
        read = _recent_branches if window <= SHORT else _rolled_branches
        return cast(dict[str, Branches], self._once(read, rule, window))

    def rejected(self, rule: Rule, window: timedelta) -> dict[str, Share]:
        """Scores of the rule's validators that were failed, of those that were given, by full hours."""
        return cast(dict[str, Share], self._once(_rejections, rule, window, rule.validators))

    def disliked(self, rule: Rule, window: timedelta) -> dict[str, Share]:
        """Opinions below 0 on requests of a window, of all."""
        return cast(dict[str, Share], self._once(_opinions, rule, window))

    def _once(
        self,
        read: Callable[..., Sums],
        rule: Rule,
        window: timedelta,
        *more: Any,
        purposes: tuple[str, ...] = ("user",),
    ) -> Sums:
        key = (read, rule.scope, rule.per, window, purposes, *more)
        if key not in self._known:
            scope = rule.scope
            filters = Filters(
                start=self.now - window,
                end=self.now,
                routes=scope.routes,
                tenants=scope.tenants,
                models=scope.models,
                purposes=purposes,
                simulated=self.simulated,
            )
            with reading(self._engine) as connection:
                self._known[key] = read(connection, filters, rule.per, *more)
        return self._known[key]


def _recent_requests(connection: sa.Connection, filters: Filters, per: Narrower | None, slow: bool) -> Sums:
    column = None if per is None else {"model": "first"}.get(per, per)
    names = ("status", "escalated", "fell_back", "error_type", "cost_nano", "savings_nano", "baseline_nano")
    newest = _newest(REQUEST, "first", filters, column, (*names, "latency_ms", "ttft_ms"))
    c = newest.c
    both = sa.and_(c.savings_nano.is_not(None), c.baseline_nano.is_not(None))
    counted = {
        "n": sa.func.count(),
        "failed": _times(c.status == "failed"),
        "denied": _times(c.status == "denied"),
        "escalated": _times(c.escalated.is_(True)),
        "fell_back": _times(c.fell_back.is_(True)),
        "late": _times(c.error_type == LATE),
        "cost_nano": sa.func.coalesce(sa.func.sum(c.cost_nano), 0),
        "cost_unknown": _times(c.cost_nano.is_(None)),
        "savings_nano": sa.func.coalesce(sa.func.sum(sa.case((both, c.savings_nano))), 0),
        "baseline_nano": sa.func.coalesce(sa.func.sum(sa.case((both, c.baseline_nano))), 0),
        "savings_n": _times(both),
    }
    found = {key: Requests(**row) for key, row in _by_subject(connection, newest, counted)}
    if slow:
        latency, ttft = _histograms(connection, newest, c.latency_ms), _histograms(connection, newest, c.ttft_ms)
        found = {key: replace(one, latency=latency.get(key, ""), ttft=ttft.get(key, "")) for key, one in found.items()}
    return found


def _recent_branches(connection: sa.Connection, filters: Filters, per: Narrower | None) -> Sums:
    newest = _newest(BRANCH, "model", filters, per, ("outcome", "latency_ms"))
    counted = {"n": sa.func.count(), "failed": _times(newest.c.outcome == "failed")}
    latency = _histograms(connection, newest, newest.c.latency_ms)
    rows = _by_subject(connection, newest, counted)
    return {key: Branches(**row, latency=latency.get(key, "")) for key, row in rows}


def _opinions(connection: sa.Connection, filters: Filters, per: Narrower | None) -> Sums:
    column = None if per is None else {"model": "chosen"}.get(per, per)
    newest = _newest(EVALUATION, "chosen", filters, column, ("score",), EVALUATION.c.name == FEEDBACK)
    counted = {"n": sa.func.count(), "part": _times(newest.c.score < 0)}
    return {key: Share(**row) for key, row in _by_subject(connection, newest, counted)}


def _newest(
    table: sa.Table,
    model: str,
    filters: Filters,
    subject: str | None,
    names: Sequence[str],
    *conditions: sa.ColumnElement[bool],
) -> sa.Subquery:
    key = sa.literal("").label("subject") if subject is None else table.c[subject].label("subject")
    columns = [table.c[name] for name in names]
    slice_ = sa.select(key, *columns).where(*on_facts(table, model, filters), *conditions)
    return slice_.order_by(table.c.ts.desc()).limit(MOST).subquery("newest")


def _by_subject(
    connection: sa.Connection, newest: sa.Subquery, counted: dict[str, sa.ColumnElement[Any]]
) -> list[tuple[str, dict[str, Any]]]:
    labelled = [expression.label(name) for name, expression in counted.items()]
    statement = sa.select(newest.c.subject, *labelled).group_by(newest.c.subject)
    rows = connection.execute(statement.order_by(sa.desc("n"), newest.c.subject).limit(MOST_SUBJECTS)).mappings()
    # A subject that is NULL asked nobody: it belongs to no model.
    return [(row["subject"], {name: int(row[name]) for name in counted}) for row in rows if row["subject"] is not None]


def _histograms(connection: sa.Connection, newest: sa.Subquery, value: sa.ColumnElement[Any]) -> dict[str, str]:
    found: dict[str, list[float]] = {}
    for subject, ms in connection.execute(sa.select(newest.c.subject, value).where(value.is_not(None))):
        found.setdefault(subject, []).append(ms)
    return {subject: histogram.encode(histogram.count(values)) for subject, values in found.items()}


def _times(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _rolled_requests(connection: sa.Connection, filters: Filters, per: Narrower | None, with_late: bool) -> Sums:
    values = (
        *("requests", "failed", "denied", "escalated", "fell_back", "cost_nano", "cost_unknown"),
        *("savings_nano", "baseline_nano", "savings_n", "latency_hist", "ttft_hist"),
    )
    subject = None if per is None else {"model": "first"}.get(per, per)
    rows = _rolled(connection, _FIRST, filters, subject, values)
    late = _rolled_late(connection, filters, subject) if with_late else {}
    return {
        key: Requests(
            n=row["requests"],
            late=late.get(key, 0),
            latency=row["latency_hist"] or "",
            ttft=row["ttft_hist"] or "",
            **{name: row[name] for name in values if name in Requests.__dataclass_fields__},
        )
        for key, row in rows
        if row["requests"]
    }


def _rolled_late(connection: sa.Connection, filters: Filters, subject: str | None) -> dict[str, int]:
    names = ("error_type",) if subject is None else ("error_type", subject)
    source = cells(_FIRST, filters, keys=names, values=("requests",))
    key = sa.literal("") if subject is None else source.c[subject]
    statement: sa.Select[Any] = (
        sa.select(key, sa.func.sum(source.c.requests))
        .where(source.c.error_type == LATE)
        .group_by(*_keys(source, subject))
    )
    return {found: int(n or 0) for found, n in connection.execute(statement)}


def _keys(source: sa.Subquery, subject: str | None) -> list[sa.ColumnElement[Any]]:
    return [] if subject is None else [source.c[subject]]


def _rolled_branches(connection: sa.Connection, filters: Filters, per: Narrower | None) -> Sums:
    rows = _rolled(connection, BRANCHES, filters, per, ("branches", "failed", "latency_hist"))
    return {
        key: Branches(row["branches"], row["failed"], row["latency_hist"] or "") for key, row in rows if row["branches"]
    }


def _rejections(connection: sa.Connection, filters: Filters, per: Narrower | None, validators: tuple[str, ...]) -> Sums:
    if not validators:
        return {}
    names = ("validator",) if per is None else ("validator", per)
    source = cells(SCORES, filters, keys=names, values=("scores", "passed"))
    key = sa.literal("").label("subject") if per is None else source.c[per].label("subject")
    statement: sa.Select[Any] = (
        sa.select(key, sa.func.sum(source.c.scores), sa.func.sum(source.c.passed))
        .where(source.c.validator.in_(tuple(map(clean, validators))))
        .group_by(*_keys(source, per))
    )
    return {subject: Share(int(n - passed), int(n)) for subject, n, passed in connection.execute(statement) if n}


def _rolled(
    connection: sa.Connection, family: Family, filters: Filters, subject: str | None, values: Sequence[str]
) -> list[tuple[str, Any]]:
    """Sums by subject. An empty name stands for nobody, and is no subject."""
    source = cells(family, filters, keys=() if subject is None else (subject,), values=values)
    keys = _keys(source, subject)
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, family, values)).group_by(*keys)
    if subject is not None:
        statement = statement.where(keys[0] != "").order_by(sa.desc(values[0]), keys[0]).limit(MOST_SUBJECTS)
    rows = connection.execute(statement).mappings().all()
    return [("" if subject is None else row[subject], row) for row in rows]
