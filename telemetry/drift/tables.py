"""What drift runs leave in the database. Rows of a week are replaced by the next run over it."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime


class DriftRun(SQLModel, table=True):
    """One run over some weeks."""

    __tablename__ = "drift_run"
    __table_args__ = (sa.Index("ix_drift_run_finished", "finished"),)

    run_id: str = Field(primary_key=True)
    started: datetime = Field(sa_type=UtcDateTime)
    finished: datetime = Field(sa_type=UtcDateTime)
    seconds: float
    weeks: int
    cells: int
    """Pairs of model and week that were looked at."""
    tested: int
    """Metrics with enough data for a test."""
    drifted: int


class DriftMetric(SQLModel, table=True):
    """One metric of one model in one week, against the weeks before."""

    __tablename__ = "drift_metric"
    __table_args__ = {"sqlite_with_rowid": False}

    week: date = Field(primary_key=True)
    """Its Monday."""
    model: str = Field(primary_key=True)
    simulated: bool = Field(primary_key=True)
    metric: str = Field(primary_key=True)

    run_id: str
    kind: str
    """numeric or categorical."""
    unit: str
    state: str
    """ok, drift or not_enough_data."""
    n: int
    n_reference: int
    effect_name: str | None = None
    effect: float | None = None
    threshold: float | None = None
    p_name: str | None = None
    p: float | None = None
    q: float | None = None
    """The p-value after Benjamini-Hochberg over the week's tests."""
    statistics: str = Field(sa_type=sa.Text)
    """All that was computed, JSON {name: value}."""
    reference: str = Field(sa_type=sa.Text)
    """The reference's distribution, JSON; see telemetry.drift.distribution."""
    current: str = Field(sa_type=sa.Text)


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


DRIFT_RUN = _table(DriftRun)
DRIFT_METRIC = _table(DriftMetric)
