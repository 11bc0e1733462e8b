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
    """When its last week was done; a run that was stopped has fewer weeks than it was asked for."""
    seconds: float
    weeks: int
    """Weeks that were compared; those that had not changed since an earlier run are not among them."""
    cells: int
    """Pairs of model and week that were looked at."""
    tested: int
    """Metrics with enough data for a test."""
    drifted: int


class DriftWeek(SQLModel, table=True):
    """A week that was compared, and from what: while that is the same, nothing new can be found."""

    __tablename__ = "drift_week"
    __table_args__ = {"sqlite_with_rowid": False}

    week: date = Field(primary_key=True)
    """Its Monday."""
    run_id: str
    compared: datetime = Field(sa_type=UtcDateTime)
    fingerprint: str
    """Of the method, of how many branches there were of whom in each week, and of the pinned weeks."""


class DriftBaseline(SQLModel, table=True):
    """A week that somebody pinned, to compare all later ones with."""

    __tablename__ = "drift_baseline"
    __table_args__ = {"sqlite_with_rowid": False}

    model: str = Field(primary_key=True)
    """Empty for all models that have no pinned week of their own."""
    week: date
    pinned: datetime = Field(sa_type=UtcDateTime)


class _Key(SQLModel):
    """What a finding is about."""

    week: date = Field(primary_key=True)
    """Its Monday."""
    purpose: str = Field(primary_key=True)
    """user or canary."""
    model: str = Field(primary_key=True)
    simulated: bool = Field(primary_key=True)
    against: str = Field(primary_key=True)
    """previous, trailing or baseline: which weeks it is compared with."""
    scope: str = Field(primary_key=True)
    """model, or only one route or intent of it. Of the latter two only what drifted is kept."""
    part: str = Field(primary_key=True)
    """The route or intent; empty for all of a model's traffic."""
    metric: str = Field(primary_key=True)


class DriftMetric(_Key, table=True):
    """One metric of one model in one week, against weeks before: what a list or a heat map needs."""

    __tablename__ = "drift_metric"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: str
    kind: str
    """numeric, categorical or text."""
    side: str
    """input or model: what the metric describes."""
    unit: str
    state: str
    """ok, drift or not_enough_data."""
    cause: str | None = None
    """Of a drift: input, model, price, mixed or unclear."""
    n: int
    n_reference: int
    effect_name: str | None = None
    effect: float | None = None
    threshold: float | None = None
    p_name: str | None = None
    p: float | None = None
    q: float | None = None
    """The p-value after Benjamini-Hochberg over the week's tests."""
    like_effect: float | None = None
    """The same between equal prompts: the reference weighted to the week's strata."""
    like_p: float | None = None
    like_q: float | None = None
    like_share: float | None = None
    """Of the week, prompts that have their like in the reference."""
    mix_effect: float | None = None
    """What the prompts alone would have changed."""
    before: float | None = None
    """The median; of categories the share of ``category``."""
    after: float | None = None
    category: str | None = None
    change_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it changed, and the interval of that."""
    change_low: datetime | None = Field(default=None, sa_type=UtcDateTime)
    change_high: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DriftDetail(_Key, table=True):
    """What is only read of one finding at a time."""

    __tablename__ = "drift_detail"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: str
    statistics: str = Field(sa_type=sa.Text)
    """All that was computed, JSON {name: value}."""
    reference: str = Field(sa_type=sa.Text)
    """The reference's distribution, JSON; see telemetry.drift.distribution."""
    current: str = Field(sa_type=sa.Text)
    examples: str = Field(sa_type=sa.Text)
    """Decisions that show the change, a JSON list of ids."""


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


DRIFT_RUN = _table(DriftRun)
DRIFT_WEEK = _table(DriftWeek)
DRIFT_BASELINE = _table(DriftBaseline)
DRIFT_METRIC = _table(DriftMetric)
DRIFT_DETAIL = _table(DriftDetail)

KEY = ("week", "purpose", "model", "simulated", "against", "scope", "part", "metric")
"""Columns of the key of the last two."""
DRIFT = (DRIFT_RUN, DRIFT_WEEK, DRIFT_BASELINE, DRIFT_METRIC, DRIFT_DETAIL)
