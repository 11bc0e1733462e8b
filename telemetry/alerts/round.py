"""One evaluation of all rules: measure, step each alert, and write what became of them in one transaction.

What is read is read before; the transaction is short. An evaluation that is not later than the last one of an alert
changes nothing of it, so a worker that was overtaken does no harm.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.alerts import outbox, silences
from telemetry.alerts.machine import LONGEST_STEP, Standing, Step, step
from telemetry.alerts.measure import Outside, Reading, measure
from telemetry.alerts.rule import SEVERITIES, Rule
from telemetry.alerts.silences import Silence
from telemetry.alerts.tables import ALERT, ALERT_EVENT, ALERT_READING, ALERT_RULE
from telemetry.alerts.traffic import Traffic
from telemetry.errors import Unmeasurable
from telemetry.log import event as log_event
from telemetry.storage.engine import reading, writing
from telemetry.storage.operation import row_id
from telemetry.storage.rollups import REQUEST_DAY
from telemetry.text import clean

QUARTER_S: Final = 900
LONGEST_NOTE: Final = 500
FORGOTTEN: Final = timedelta(days=7)
"""After so long without data a subject of which nothing is wrong is left out."""
_LOG: Final = logging.getLogger("routescope.alert")
_LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.WARNING}


@dataclass(frozen=True, slots=True)
class Channel:
    """What an evaluation knows of a channel; how it is reached, `telemetry.alerts.sending` knows."""

    name: str
    least: str = "info"
    """The lightest severity that it is told of."""

    def wants(self, severity: str) -> bool:
        """Whether it is told of an alert of this severity."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.least)


@dataclass(slots=True)
class Round:
    """What one evaluation found."""

    alerts: int = 0
    """Subjects that were judged, of real and of simulated traffic."""
    fired: list[str] = field(default_factory=list)
    """Sentences, one for each alert that began to fire."""
    resolved: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    """Rules that could not be measured, and why."""


@dataclass(frozen=True, slots=True)
class _Judged:
    rule: Rule
    simulated: bool
    reading: Reading


def evaluate(
    engine: sa.Engine,
    rules: Sequence[Rule],
    *,
    now: datetime,
    channels: Iterable[Channel] = (),
    outside: Outside | None = None,
    simulated: Collection[bool] | None = None,
    longest: timedelta = LONGEST_STEP,
) -> Round:
    """Evaluate all rules at a moment, over real traffic and, where there is any, simulated traffic apart.

    Alerts of rules that are no longer among them are withdrawn. Nobody is ever told of simulated traffic.

    Args:
        engine: one that writes.
        rules: with names of their own.
        now: aware.
        channels: all there are.
        outside: what the store does not know.
        simulated: which kinds of traffic; None: what there is.
        longest: the most that the time since the last evaluation counts; more than a few minutes only for history.

    Raises:
        StorageError: the database cannot be used.
    """
    outside = outside or Outside()
    kinds = _kinds(engine) if simulated is None else simulated
    done, judged = Round(), list[_Judged]()
    known = _known_subjects(engine, {rule.name: rule for rule in rules})
    for kind in kinds:
        traffic = Traffic(engine, now, simulated=kind)
        for rule in rules:
            if kind and not rule.of.simulated:
                continue
            try:
                found = measure(engine, rule, traffic, outside, known.get((rule.name, kind), ()))
            except Unmeasurable as fault:
                done.faults[rule.name] = str(fault)
                continue
            judged += [_Judged(rule, kind, one) for one in found]
    _write(engine, rules, judged, done, {one.name: one for one in channels}, now, kinds, longest)
    done.alerts = len(judged)
    return done


def _kinds(engine: sa.Engine) -> tuple[bool, ...]:
    with reading(engine) as connection:
        made_up = sa.select(REQUEST_DAY.c.level).where(REQUEST_DAY.c.level == 0, REQUEST_DAY.c.simulated.is_(True))
        return (False,) if connection.scalar(made_up.limit(1)) is None else (False, True)


def _known_subjects(engine: sa.Engine, rules: Mapping[str, Rule]) -> dict[tuple[str, bool], set[str]]:
    known: dict[tuple[str, bool], set[str]] = {}
    columns = (ALERT.c.rule, ALERT.c.subject, ALERT.c.simulated, ALERT.c.per)
    with reading(engine) as connection:
        for row in connection.execute(sa.select(*columns)):
            if not _orphaned(row, rules):
                known.setdefault((row.rule, row.simulated), set()).add(row.subject)
    return known


def _orphaned(row: Any, rules: Mapping[str, Rule]) -> bool:
    """Whether an alert's rule is gone, or looks at other subjects by now."""
    rule = rules.get(row.rule)
    return rule is None or row.per != told_apart_by(rule) or (row.simulated and not rule.of.simulated)


def told_apart_by(rule: Rule) -> str | None:
    """What the subjects of a rule are; None for a rule about everything at once."""
    return rule.per or rule.of.subject or None


def _write(
    engine: sa.Engine,
    rules: Sequence[Rule],
    judged: Sequence[_Judged],
    done: Round,
    channels: Mapping[str, Channel],
    now: datetime,
    kinds: Collection[bool],
    longest: timedelta,
) -> None:
    lines: list[tuple[int, str, dict[str, Any]]] = []
    with writing(engine) as connection:
        quiet = silences.in_force(connection, now)
        before = {row.alert_id: row for row in connection.execute(sa.select(ALERT))}
        _write_rules(connection, rules, done, now)
        changed, readings = list[dict[str, Any]](), list[dict[str, Any]]()
        for one in judged:
            alert_id = row_id(one.rule.name, clean(one.reading.subject), one.simulated)
            was = before.get(alert_id)
            if was is not None and was.evaluated >= now:
                continue
            made = _step(one, was, quiet, now, longest)
            episode = _episode(alert_id, made, was, now)
            if _forgotten(one, made.standing, now):
                connection.execute(sa.delete(ALERT).where(ALERT.c.alert_id == alert_id))
                continue
            changed.append(_row(alert_id, one, made.standing, episode))
            readings.append(_reading(alert_id, one, now))
            lines += _events(connection, alert_id, one, made, was, episode, channels, now, done)
        for table, rows in ((ALERT, changed), (ALERT_READING, readings)):
            _replace(connection, table, rows)
        lines += _withdraw(connection, before, {rule.name: rule for rule in rules}, channels, now, kinds)
    for level, sentence, fields in lines:
        _LOG.log(level, "%s", sentence, extra=log_event(fields.pop("event"), **fields))


def _step(one: _Judged, was: sa.Row[Any] | None, quiet: Sequence[Silence], now: datetime, longest: timedelta) -> Step:
    # Nobody is told of what is made up.
    silent = one.simulated or silences.silenced(quiet, one.rule.name, one.reading.subject, now)
    return step(
        None if was is None else _standing(was),
        one.reading.evidence,
        now,
        lasting=one.rule.lasting,
        clearing=one.rule.clearing,
        silenced=silent,
        longest=longest,
    )


def _forgotten(one: _Judged, standing: Standing, now: datetime) -> bool:
    """A tenant or a model that nobody has seen for long, and of which nothing is wrong."""
    quiet = standing.state in ("ok", "resolved") and standing.dark_since is not None
    return quiet and bool(one.reading.subject) and now - (standing.dark_since or now) > FORGOTTEN


def _standing(row: sa.Row[Any]) -> Standing:
    return Standing(
        state=row.state,
        since=row.since,
        evaluated=row.evaluated,
        evidence=row.evidence,
        dark_since=row.dark_since,
        breached=timedelta(seconds=row.breached_s),
        clear=timedelta(seconds=row.clear_s),
        resolved=row.resolved,
        flaps=row.flaps,
        told=row.told,
    )


def _episode(alert_id: str, made: Step, was: sa.Row[Any] | None, now: datetime) -> str | None:
    if made.happened == "fired":
        return row_id(alert_id, now)
    return None if was is None else was.episode


def _row(alert_id: str, one: _Judged, standing: Standing, episode: str | None) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "rule": one.rule.name,
        "subject": clean(one.reading.subject),
        "per": told_apart_by(one.rule),
        "simulated": one.simulated,
        "state": standing.state,
        "since": standing.since,
        "evaluated": standing.evaluated,
        "evidence": standing.evidence,
        "dark_since": standing.dark_since,
        "breached_s": standing.breached.total_seconds(),
        "clear_s": standing.clear.total_seconds(),
        "resolved": standing.resolved,
        "flaps": standing.flaps,
        "episode": episode,
        "told": standing.told,
        "value": one.reading.value,
        "low": one.reading.low,
        "high": one.reading.high,
        "n": one.reading.n,
        "note": clean(one.reading.note)[:LONGEST_NOTE],
    }


def _reading(alert_id: str, one: _Judged, now: datetime) -> dict[str, Any]:
    kept = {name: getattr(one.reading, name) for name in ("evidence", "value", "low", "high", "n")}
    return {"alert_id": alert_id, "quarter": int(now.timestamp() // QUARTER_S), "ts": now, **kept}


def _events(
    connection: sa.Connection,
    alert_id: str,
    one: _Judged,
    made: Step,
    was: sa.Row[Any] | None,
    episode: str | None,
    channels: Mapping[str, Channel],
    now: datetime,
    done: Round,
) -> list[tuple[int, str, dict[str, Any]]]:
    """Write what happened, and have it told; the lines for the log."""
    lines = []
    event_id = row_id(episode, "fired")
    if made.happened is not None:
        event_id = row_id(episode, made.happened)
        started = was.since if made.happened == "resolved" and was is not None else None
        row = _event(event_id, alert_id, one.rule, one.simulated, now, made.happened, episode, started)
        row |= {name: getattr(one.reading, name) for name in ("value", "low", "high", "n")}
        row |= {"subject": clean(one.reading.subject), "note": clean(one.reading.note)[:LONGEST_NOTE]}
        connection.execute(sa.insert(ALERT_EVENT), [row])
        sentence = f"alert {one.rule.name!r}{_of(one.reading.subject)} {made.happened}"
        (done.fired if made.happened == "fired" else done.resolved).append(sentence)
        if not one.simulated:
            level = _LEVELS[one.rule.severity] if made.happened == "fired" else logging.WARNING
            fields = {"rule": one.rule.name, "subject": one.reading.subject or None, "value": one.reading.value}
            fields |= {"threshold": one.rule.threshold, "n": one.reading.n, "metric": one.rule.metric}
            lines.append((level, sentence, {"event": f"alert_{made.happened}", **fields}))
    if made.tell is not None:
        wanted = [name for name in one.rule.channels if name in channels and channels[name].wants(one.rule.severity)]
        outbox.enqueue(connection, event_id, wanted, now)
    return lines


def _event(
    event_id: str,
    alert_id: str,
    rule: Rule,
    simulated: bool,
    now: datetime,
    kind: str,
    episode: str | None,
    started: datetime | None,
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "alert_id": alert_id,
        "rule": rule.name,
        "per": told_apart_by(rule),
        "simulated": simulated,
        "ts": now,
        "kind": kind,
        "episode": episode,
        "severity": rule.severity,
        "metric": rule.metric,
        "comparison": rule.comparison,
        "threshold": rule.threshold,
        "unit": rule.of.unit,
        "window_s": rule.long.total_seconds(),
        "started": started,
        "author": None,
    }


def _write_rules(connection: sa.Connection, rules: Sequence[Rule], done: Round, now: datetime) -> None:
    connection.execute(sa.delete(ALERT_RULE))
    rows = [
        {
            "name": rule.name,
            "position": position,
            "builtin": rule.builtin,
            "metric": rule.metric,
            "per": told_apart_by(rule),
            "comparison": rule.comparison,
            "threshold": rule.threshold,
            "unit": rule.of.unit,
            "window_s": rule.long.total_seconds(),
            "short_window_s": None if rule.short is None else rule.short.total_seconds(),
            "for_s": rule.lasting.total_seconds(),
            "min_n": rule.fewest,
            "severity": rule.severity,
            "scope": json.dumps(
                {name: list(getattr(rule.scope, name)) for name in ("models", "routes", "tenants")}, ensure_ascii=False
            ),
            "channels": json.dumps(list(rule.channels), ensure_ascii=False),
            "description": clean(rule.description or rule.of.definition),
            "evaluated": now,
            "fault": done.faults.get(rule.name),
        }
        for position, rule in enumerate(rules)
    ]
    if rows:
        connection.execute(sa.insert(ALERT_RULE), rows)


def _withdraw(
    connection: sa.Connection,
    before: Mapping[str, sa.Row[Any]],
    rules: Mapping[str, Rule],
    channels: Mapping[str, Channel],
    now: datetime,
    kinds: Collection[bool],
) -> list[tuple[int, str, dict[str, Any]]]:
    """Alerts whose rule is gone go with it; of those that fired it is noted and told."""
    gone = [row for row in before.values() if row.simulated in kinds and _orphaned(row, rules)]
    lines = []
    for row in gone:
        if row.state != "firing":
            continue
        fired = connection.execute(sa.select(ALERT_EVENT).where(ALERT_EVENT.c.event_id == row_id(row.episode, "fired")))
        event = fired.one_or_none()
        if event is None:
            continue
        event_id = row_id(row.episode, "withdrawn")
        note = "its rule is no longer in the policy"
        made = dict(event._mapping) | {"event_id": event_id, "ts": now, "kind": "withdrawn", "started": row.since}
        connection.execute(sa.insert(ALERT_EVENT), [made | {"note": note}])
        if row.told:
            outbox.enqueue(
                connection, event_id, [name for name, one in channels.items() if one.wants(event.severity)], now
            )
        if not row.simulated:
            sentence = f"alert {row.rule!r}{_of(row.subject)} was withdrawn: {note}"
            lines.append((logging.WARNING, sentence, {"event": "alert_withdrawn", "rule": row.rule}))
    ids = [row.alert_id for row in gone]
    for table in (ALERT, ALERT_READING):
        connection.execute(sa.delete(table).where(table.c.alert_id.in_(ids)))
    return lines


def _replace(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    doomed = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in keys))
    connection.execute(sa.delete(table).where(doomed), [{f"key_{name}": row[name] for name in keys} for row in rows])
    connection.execute(sa.insert(table), [dict(row) for row in rows])


def _of(subject: str) -> str:
    return f" of {subject!r}" if subject else ""
