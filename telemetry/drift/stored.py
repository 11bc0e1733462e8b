"""Findings as rows, a week at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from telemetry.drift.change import Change
from telemetry.drift.findings import Finding
from telemetry.drift.tables import DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, DRIFT_WEEK


def fingerprints(connection: sa.Connection) -> dict[date, str]:
    """What each week was compared from, by its Monday."""
    columns = DRIFT_WEEK.c
    return {row.week: row.fingerprint for row in connection.execute(sa.select(columns.week, columns.fingerprint))}


def replace_week(
    connection: sa.Connection,
    run_id: str,
    week: date,
    findings: Iterable[Finding],
    models: Collection[str] | None,
    *,
    spared: Collection[str] = (),
) -> None:
    """Put findings in the place of all that a week had, or that it had of some models.

    Args:
        spared: models whose findings against a pinned week stay as they are.
    """
    kept = list(findings)
    for table in (DRIFT_METRIC, DRIFT_DETAIL):
        stale = sa.delete(table).where(table.c.week == week)
        if spared:
            stale = stale.where(sa.not_(sa.and_(table.c.against == "baseline", table.c.model.in_(sorted(spared)))))
        connection.execute(stale if models is None else stale.where(table.c.model.in_(sorted(models))))
    if kept:
        connection.execute(sa.insert(DRIFT_METRIC), [_metric(run_id, finding) for finding in kept])
        connection.execute(sa.insert(DRIFT_DETAIL), [_detail(run_id, finding) for finding in kept])


def note_week(connection: sa.Connection, run_id: str, week: date, fingerprint: str) -> None:
    """Remember what a week was compared from."""
    connection.execute(sa.delete(DRIFT_WEEK).where(DRIFT_WEEK.c.week == week))
    row = {"week": week, "run_id": run_id, "compared": datetime.now(UTC), "fingerprint": fingerprint}
    connection.execute(sa.insert(DRIFT_WEEK), [row])


def note_run(connection: sa.Connection, row: Mapping[str, object]) -> None:
    """Write a run as far as it has come."""
    connection.execute(sa.delete(DRIFT_RUN).where(DRIFT_RUN.c.run_id == row["run_id"]))
    connection.execute(sa.insert(DRIFT_RUN), [dict(row)])


def _key(finding: Finding) -> dict[str, Any]:
    return {
        "week": finding.week,
        "purpose": finding.subject.purpose,
        "model": finding.subject.model,
        "simulated": finding.subject.simulated,
        "against": finding.against,
        "scope": finding.part.scope,
        "part": finding.part.name,
        "metric": finding.metric.name,
    }


def _metric(run_id: str, finding: Finding) -> dict[str, Any]:
    compared, like, change = finding.comparison, finding.like, finding.change
    return {
        **_key(finding),
        "run_id": run_id,
        "kind": finding.metric.kind,
        "side": finding.metric.side,
        "unit": finding.metric.unit,
        "state": finding.state,
        "cause": finding.cause,
        "n": finding.n,
        "n_reference": finding.n_reference,
        "effect_name": None if compared is None else compared.effect_name,
        "effect": None if compared is None else compared.effect,
        "threshold": finding.threshold,
        "p_name": None if compared is None else compared.p_name,
        "p": None if compared is None else compared.p,
        "q": finding.q,
        "like_effect": None if like is None else like.effect,
        "like_p": None if like is None else like.p,
        "like_q": finding.like_q,
        "like_share": finding.like_share,
        "mix_effect": finding.mix_effect,
        "before": finding.before,
        "after": finding.after,
        "category": finding.category,
        **_moments(change),
    }


def _moments(change: Change | None) -> dict[str, datetime | None]:
    if change is None:
        return {"change_at": None, "change_low": None, "change_high": None}
    moments = {"change_at": change.at, "change_low": change.low, "change_high": change.high}
    return {name: datetime.fromtimestamp(moment, UTC) for name, moment in moments.items()}


def _detail(run_id: str, finding: Finding) -> dict[str, Any]:
    compared = finding.comparison
    return {
        **_key(finding),
        "run_id": run_id,
        "statistics": json.dumps({} if compared is None else compared.statistics),
        "reference": finding.reference.to_json(),
        "current": finding.current.to_json(),
        "examples": json.dumps(finding.examples),
    }
