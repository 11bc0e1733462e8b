"""The rollup tables: what the facts add up to by hour and by UTC day. Derived, and rebuilt by telemetry.rollup.

Each table holds the same facts several times, by sets of dimensions of different fineness (a ``level``; see
telemetry.levels): a question reads the coarsest that knows all it asks for, and so reads few rows however much is
stored. A dimension that a level does not keep is the empty text there, and so is an absent name.

``hour`` counts hours since the epoch (UTC), ``day`` days. Histograms travel with the counts, so that a percentile
obeys every filter that a count obeys; their format is telemetry.histogram's.

``key`` stands for all dimensions together (64 bits of a hash, telemetry.cells.number_of): rows are found by three
numbers instead of a dozen texts, and lie on disk by level and time, as they are read.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime


class _Hourly(SQLModel):
    level: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    hour: int = Field(primary_key=True)
    key: int = Field(primary_key=True, sa_type=sa.BigInteger)
    purpose: str
    simulated: bool


class _Daily(SQLModel):
    level: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    day: int = Field(primary_key=True)
    key: int = Field(primary_key=True, sa_type=sa.BigInteger)
    purpose: str
    simulated: bool


class _Requests(SQLModel):
    """Decisions. The names of dimensions and sums are those of `telemetry.levels.REQUESTS`."""

    tenant: str
    route: str
    intent: str
    risk: str
    data_class: str
    source: str
    first: str
    chosen: str
    chosen_kind: str
    policy_version: str
    status: str
    error_type: str

    requests: int = Field(sa_type=sa.BigInteger)
    branches: int = Field(sa_type=sa.BigInteger)
    escalated: int = Field(sa_type=sa.BigInteger)
    fell_back: int = Field(sa_type=sa.BigInteger)
    failed: int = Field(sa_type=sa.BigInteger)
    denied: int = Field(sa_type=sa.BigInteger)
    cancelled: int = Field(sa_type=sa.BigInteger)
    by_tool: int = Field(sa_type=sa.BigInteger)
    """Answered by a tool."""
    cost_nano: int = Field(sa_type=sa.BigInteger)
    cost_unknown: int = Field(sa_type=sa.BigInteger)
    discarded_nano: int = Field(sa_type=sa.BigInteger)
    discarded_unknown: int = Field(sa_type=sa.BigInteger)
    baseline_nano: int = Field(sa_type=sa.BigInteger)
    """This and the five after it are of those requests alone whose savings are known."""
    probe_nano: int = Field(sa_type=sa.BigInteger)
    judge_nano: int = Field(sa_type=sa.BigInteger)
    retry_nano: int = Field(sa_type=sa.BigInteger)
    dropped_nano: int = Field(sa_type=sa.BigInteger)
    """Discarded otherwise: first attempts that were rejected or failed."""
    parts_unknown: int = Field(sa_type=sa.BigInteger)
    """How many of them are in none of these four, which rows of older versions did not tell."""
    savings_nano: int = Field(sa_type=sa.BigInteger)
    savings_n: int = Field(sa_type=sa.BigInteger)
    input_tokens: int = Field(sa_type=sa.BigInteger)
    output_tokens: int = Field(sa_type=sa.BigInteger)
    tokens_unknown: int = Field(sa_type=sa.BigInteger)
    latency_hist: str = Field(sa_type=sa.Text)
    ttft_hist: str = Field(sa_type=sa.Text)


class _Branches(SQLModel):
    """Branches. ``status`` is that of the whole request; an accepted branch has no error type."""

    tenant: str
    route: str
    intent: str
    risk: str
    data_class: str
    source: str
    model: str
    kind: str
    tier: str
    location: str
    policy_version: str
    status: str
    error_type: str

    branches: int = Field(sa_type=sa.BigInteger)
    accepted: int = Field(sa_type=sa.BigInteger)
    rejected: int = Field(sa_type=sa.BigInteger)
    failed: int = Field(sa_type=sa.BigInteger)
    compared: int = Field(sa_type=sa.BigInteger)
    cancelled: int = Field(sa_type=sa.BigInteger)
    retries: int = Field(sa_type=sa.BigInteger)
    cost_nano: int = Field(sa_type=sa.BigInteger)
    cost_unknown: int = Field(sa_type=sa.BigInteger)
    discarded_nano: int = Field(sa_type=sa.BigInteger)
    retry_nano: int = Field(sa_type=sa.BigInteger)
    input_tokens: int = Field(sa_type=sa.BigInteger)
    output_tokens: int = Field(sa_type=sa.BigInteger)
    cache_read_tokens: int = Field(sa_type=sa.BigInteger)
    tokens_unknown: int = Field(sa_type=sa.BigInteger)
    timed_tokens: int = Field(sa_type=sa.BigInteger)
    """Output tokens of the models' branches that have both tokens and a duration."""
    timed_us: int = Field(sa_type=sa.BigInteger)
    """What these took, in microseconds."""
    latency_hist: str = Field(sa_type=sa.Text)
    ttft_hist: str = Field(sa_type=sa.Text)
    speed_hist: str = Field(sa_type=sa.Text)
    """Output tokens a second, of the same branches."""


class _Scores(SQLModel):
    """Scores of branches by validator; ``model`` and ``kind`` are those of the branch that was scored."""

    tenant: str
    route: str
    intent: str
    risk: str
    data_class: str
    source: str
    validator: str
    threshold: str
    """As decimal digits, since it tells cells apart."""
    model: str
    kind: str
    policy_version: str
    status: str

    scores: int = Field(sa_type=sa.BigInteger)
    unknown: int = Field(sa_type=sa.BigInteger)
    """Times that it had no score to give."""
    passed: int = Field(sa_type=sa.BigInteger)
    rejections: int = Field(sa_type=sa.BigInteger)
    """Times that it failed a branch that was then rejected."""
    score_hist: str = Field(sa_type=sa.Text)


class _Verdicts(SQLModel):
    """What rules did to decisions; a rule that let one pass is not counted. ``chosen`` is who answered in the end."""

    tenant: str
    route: str
    intent: str
    risk: str
    data_class: str
    source: str
    rule: str
    outcome: str
    chosen: str
    policy_version: str
    status: str

    requests: int = Field(sa_type=sa.BigInteger)
    models_removed: int = Field(sa_type=sa.BigInteger)


_PLAIN = {"sqlite_with_rowid": False}


class RequestHour(_Requests, _Hourly, table=True):
    """Decisions by hour."""

    __tablename__ = "request_hour"
    __table_args__ = _PLAIN


class RequestDay(_Requests, _Daily, table=True):
    """Decisions by day."""

    __tablename__ = "request_day"
    __table_args__ = _PLAIN


class BranchHour(_Branches, _Hourly, table=True):
    """Branches by hour."""

    __tablename__ = "branch_hour"
    __table_args__ = _PLAIN


class BranchDay(_Branches, _Daily, table=True):
    """Branches by day."""

    __tablename__ = "branch_day"
    __table_args__ = _PLAIN


class ScoreHour(_Scores, _Hourly, table=True):
    """Scores by hour."""

    __tablename__ = "score_hour"
    __table_args__ = _PLAIN


class ScoreDay(_Scores, _Daily, table=True):
    """Scores by day."""

    __tablename__ = "score_day"
    __table_args__ = _PLAIN


class VerdictHour(_Verdicts, _Hourly, table=True):
    """Verdicts by hour."""

    __tablename__ = "verdict_hour"
    __table_args__ = _PLAIN


class VerdictDay(_Verdicts, _Daily, table=True):
    """Verdicts by day."""

    __tablename__ = "verdict_day"
    __table_args__ = _PLAIN


class TopCost(SQLModel, table=True):
    """The most expensive decisions of each day: of all, and of each tenant, route, intent and chosen model.

    Not cells but rows of decisions, as much of them as a list shows, so that they outlive the facts as rollups do. Kept
    by `telemetry.dearest`.
    """

    __tablename__ = "top_cost"
    __table_args__ = _PLAIN

    level: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    key: int = Field(primary_key=True, sa_type=sa.BigInteger)
    """Stands for purpose, simulated and the value of the level's dimension."""
    day: int = Field(primary_key=True)
    span_id: str = Field(primary_key=True)
    cost_nano: int = Field(sa_type=sa.BigInteger)

    purpose: str
    simulated: bool
    ts: datetime = Field(sa_type=UtcDateTime)
    decision_id: str
    tenant: str
    route: str
    intent: str
    risk: str
    data_class: str
    source: str
    policy_version: str
    status: str
    chosen: str | None = None
    chosen_kind: str | None = None
    first: str | None = None
    branches: int
    escalated: bool
    fell_back: bool
    discarded_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    baseline_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    savings_nano: int | None = Field(default=None, sa_type=sa.BigInteger)
    input_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=sa.BigInteger)


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


REQUEST_HOUR = _table(RequestHour)
REQUEST_DAY = _table(RequestDay)
BRANCH_HOUR = _table(BranchHour)
BRANCH_DAY = _table(BranchDay)
SCORE_HOUR = _table(ScoreHour)
SCORE_DAY = _table(ScoreDay)
VERDICT_HOUR = _table(VerdictHour)
VERDICT_DAY = _table(VerdictDay)
TOP_COST = _table(TopCost)

ROLLUPS = (
    *(REQUEST_HOUR, REQUEST_DAY, BRANCH_HOUR, BRANCH_DAY, SCORE_HOUR, SCORE_DAY, VERDICT_HOUR, VERDICT_DAY),
    TOP_COST,
)
