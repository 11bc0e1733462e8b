"""Decisions about protected data, one by one, newest first, with what kept each of them where it stayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.compliance import ROUTER
from telemetry.query.cursor import after, cursor_of, moment_of
from telemetry.query.filters import Filters, on_facts
from telemetry.query.windows import places, windows
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, PROTECTED, REQUEST
from telemetry.text import from_json

CLASSES: Final = ("sensitive", "regulated")
"""What counts as protected."""
Stayed: TypeAlias = Literal["local", "cloud", "unknown", "nowhere"]
"""local: every branch of it ran here. cloud: one left. unknown: of one nobody says. nowhere: nothing ran."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A model that might have answered and was taken out."""

    model: str
    by: str
    """``rule:NAME`` or a plain fact, as in the decision's candidates."""
    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A branch of the decision."""

    model: str
    kind: str
    location: str | None
    """local or cloud, as the policy said at that time; None where nobody says."""
    outcome: str


@dataclass(frozen=True, slots=True)
class Protected:
    """One decision, and the proof of where its data went."""

    decision_id: str
    ts: datetime
    data_class: str
    route: str
    tenant: str
    status: str
    chosen: str | None
    policy_version: str
    purpose: str
    simulated: bool
    rules: tuple[str, ...]
    """Those that did anything, each once, in the policy's order."""
    excluded: tuple[Excluded, ...]
    ran: tuple[Ran, ...]
    """In their order; every branch counts, a rejected draft saw the data too."""

    @property
    def stayed(self) -> Stayed:
        """Where its data went."""
        if not self.ran:
            return "nowhere"
        places = {one.location for one in self.ran}
        return "cloud" if "cloud" in places else "local" if places == {"local"} else "unknown"


@dataclass(frozen=True, slots=True)
class ProtectedPage:
    """Some of them, and where to go on."""

    rows: list[Protected]
    next_cursor: str | None
    """Opaque; None at the end."""


def page(
    engine: sa.Engine, filters: Filters, *, left: bool = False, cursor: str | None = None, limit: int = 50
) -> ProtectedPage:
    """Decisions of ours about sensitive or regulated data, newest first, after ``cursor``.

    Read by an index of these alone, on days on which the rollups count some. ``left``: only those of which a
    branch went to a cloud; where these are rare, it reads as many others as lie between them.

    Raises:
        ValueError: the cursor is none of ours.
    """
    place = None if cursor is None else after(cursor, REQUEST.c.ts, REQUEST.c.span_id, of="decisions")
    conditions = [PROTECTED, REQUEST.c.source == ROUTER, *(() if place is None else (place,))]
    if left:
        of_it = BRANCH.c.decision_id == REQUEST.c.decision_id
        conditions.append(sa.exists().where(of_it, BRANCH.c.location == "cloud"))
    found: list[sa.Row[Any]] = []
    following = None
    with reading(engine) as connection:
        at = None if cursor is None else moment_of(cursor)
        for window in windows(places(connection, _protected_only(filters)), wanted=limit + 1, at=at):
            statement: sa.Select[Any] = (
                sa.select(*_COLUMNS)
                .where(*conditions, *on_facts(REQUEST, "chosen", filters, by=window.by), window.condition(REQUEST.c.ts))
                .order_by(REQUEST.c.ts.desc(), REQUEST.c.span_id.desc())
                .limit(limit + 1 - len(found))
            )
            found += connection.execute(statement)
            if len(found) > limit:
                following = cursor_of(found[limit - 1].ts, found[limit - 1].span_id)
                break
        rows = found[:limit]
        branches = _branches(connection, [row.decision_id for row in rows])
    return ProtectedPage([_protected(row, branches.get(row.decision_id, [])) for row in rows], following)


def _protected_only(filters: Filters) -> Filters:
    """The filters as the rollups know these decisions."""
    classes = tuple(name for name in CLASSES if name in (filters.data_classes or CLASSES))
    return replace(filters, data_classes=classes or CLASSES, source=filters.source or ROUTER)


_COLUMNS: Final = [
    REQUEST.c[name]
    for name in (
        *("span_id", "decision_id", "ts", "data_class", "route", "tenant", "status", "chosen", "policy_version"),
        *("purpose", "simulated", "verdicts", "candidates"),
    )
]


def _branches(connection: sa.Connection, decisions: Sequence[str]) -> dict[str, list[Ran]]:
    columns = BRANCH.c
    statement: sa.Select[Any] = (
        sa.select(columns.decision_id, columns.model, columns.kind, columns.location, columns.outcome)
        .where(columns.decision_id.in_(decisions))
        .order_by(columns.decision_id, columns.branch_index)
    )
    found: dict[str, list[Ran]] = {}
    for decision_id, *ran in connection.execute(statement):
        found.setdefault(decision_id, []).append(Ran(*ran))
    return found


def _protected(row: sa.Row[Any], ran: Sequence[Ran]) -> Protected:
    verdicts = [one for one in from_json(row.verdicts, []) if isinstance(one, dict) and one.get("outcome") != "passed"]
    candidates = [one for one in from_json(row.candidates, []) if isinstance(one, dict) and one.get("excluded_by")]
    return Protected(
        decision_id=row.decision_id,
        ts=row.ts,
        data_class=row.data_class,
        route=row.route,
        tenant=row.tenant,
        status=row.status,
        chosen=row.chosen,
        policy_version=row.policy_version,
        purpose=row.purpose,
        simulated=row.simulated,
        rules=tuple(dict.fromkeys(str(one.get("rule", "")) for one in verdicts)),
        excluded=tuple(
            Excluded(str(one.get("model", "")), str(one["excluded_by"]), str(one.get("excluded_reason") or ""))
            for one in candidates
        ),
        ran=tuple(ran),
    )
