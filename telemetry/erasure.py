"""The right to erasure: all that is kept of a tenant, or of one request, wherever it is kept.

Rows, prompts and answers, what was said of them later, what waits on spools, and the share in every rollup. What is
deleted is overwritten, and the write-ahead log is emptied at the end, so that nothing can be read out of the files
either. So do copies of spans that wait for a collector. What a request leaves outside of the store is not here:
backups, logs, exports, what was sent to a collector.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from telemetry import rollup
from telemetry.alerts.erasure import count_of_tenant, forget_tenant
from telemetry.collector_spool import Copy, erase_copies
from telemetry.rows import Bundle
from telemetry.spooled import Emptied, erase_spooled
from telemetry.storage.engine import reading, writing
from telemetry.storage.erase import Found, delete_decisions, delete_traces, forget_deleted_content
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from telemetry.storage.rollups import ROLLUPS
from telemetry.storage.slices import Counts, Slices
from telemetry.storage.upkeep import empty_log

WAIT_S: Final = 10.0
"""How long a running process is given to move its spool into the database."""
_LOOK_S: Final = 0.25
ROLLUP_ROWS: Final = "rollups"
SPOOLED: Final = "spooled"
COPIES: Final = "copies"
ALERT_ROWS: Final = "alerts"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was there and is gone, or, of a preview, what would go."""

    removed: dict[str, int]
    """Rows by table; ``rollups`` are those of the tenant alone, ``spooled`` traces that waited on a spool, ``copies``
    those that waited for a collector."""
    held: tuple[Path, ...] = ()
    """Spools of running processes that still hold some of it."""
    unreadable: tuple[Path, ...] = ()
    """Damaged spools: what they hold cannot be searched."""
    log_emptied: bool = True
    """Whether the write-ahead log is empty too; a reader can hold it."""

    @property
    def nothing(self) -> bool:
        """Whether nothing was there."""
        return not any(self.removed.values())

    @property
    def complete(self) -> bool:
        """Whether nothing is left, as far as can be known."""
        return not self.held and self.log_emptied


@dataclass(frozen=True, slots=True)
class Tenant:
    """All requests of a tenant."""

    name: str

    def owns(self, bundle: Bundle) -> bool:
        """Whether a trace on a spool is meant."""
        return any(row["tenant"] == self.name for row in (*bundle.requests, *bundle.branches))

    def owns_copy(self, connection: sa.Connection, copy: Copy) -> bool:
        """Whether spans that wait for a collector are meant; where they do not say, their decision does."""
        if copy.tenant is not None:
            return copy.tenant == self.name
        return connection.scalar(sa.select(REQUEST.c.tenant).where(REQUEST.c.trace_id == copy.trace_id)) == self.name

    def count(self, engine: sa.Engine) -> Counts:
        """What the database holds."""
        counts: Counts = Counter()
        of_tenant = sa.select(REQUEST.c.trace_id).where(REQUEST.c.tenant == self.name)
        with reading(engine) as connection:
            for table in (REQUEST, BRANCH):
                counts[table.name] = _count(connection, table, table.c.tenant == self.name)
            for table in (SPAN, CONTENT, EVALUATION, EVALUATION_TASK):
                counts[table.name] = _count(connection, table, table.c.trace_id.in_(of_tenant))
            for table in ROLLUPS:
                counts[ROLLUP_ROWS] += _count(connection, table, table.c.tenant == self.name)
            if alerts := count_of_tenant(connection, self.name):
                counts[ALERT_ROWS] = alerts
        return counts

    def delete(self, engine: sa.Engine) -> Counts:
        """Delete all of it, decisions in short transactions, the share in the rollups in one."""
        counts = delete_decisions(engine, lambda table: table.c.tenant == self.name, Slices(engine))
        with writing(engine) as connection:
            for table in ROLLUPS:
                counts[ROLLUP_ROWS] += _count(connection, table, table.c.tenant == self.name)
            if counts[ROLLUP_ROWS]:
                rollup.forget_tenant(connection, self.name)
            if alerts := forget_tenant(connection, self.name):
                counts[ALERT_ROWS] = alerts
        return counts


@dataclass(frozen=True, slots=True)
class Trace:
    """One request, by its trace id or its decision id."""

    id: str

    def owns(self, bundle: Bundle) -> bool:
        """Whether a trace on a spool is meant."""
        rows = (*bundle.requests, *bundle.branches, *bundle.spans, *bundle.contents)
        return any(self.id in (row["trace_id"], row.get("decision_id")) for row in rows)

    def owns_copy(self, connection: sa.Connection, copy: Copy) -> bool:
        """Whether spans that wait for a collector are meant; where they do not say, their decision does."""
        if self.id in (copy.trace_id, copy.decision_id) or copy.decision_id is not None:
            return self.id in (copy.trace_id, copy.decision_id)
        said = sa.select(REQUEST.c.decision_id).where(REQUEST.c.trace_id == copy.trace_id)
        return connection.scalar(said) == self.id

    def count(self, engine: sa.Engine) -> Counts:
        """What the database holds."""
        traces = [found.trace_id for found in self._find(engine)]
        with reading(engine) as connection:
            return Counter(
                {
                    table.name: _count(connection, table, table.c.trace_id.in_(traces))
                    for table in (REQUEST, BRANCH, SPAN, CONTENT, EVALUATION, EVALUATION_TASK)
                }
            )

    def delete(self, engine: sa.Engine) -> Counts:
        """Delete all of it and take it back from the rollups, in one transaction."""
        found = self._find(engine)
        if not found:
            return Counter()
        with writing(engine) as connection:
            requests, branches = (
                [dict(row) for row in connection.execute(sa.select(table).where(condition)).mappings()]
                for table, condition in (
                    (REQUEST, REQUEST.c.span_id.in_([one.span_id for one in found])),
                    (BRANCH, BRANCH.c.trace_id.in_([one.trace_id for one in found])),
                )
            )
            counts = delete_traces(connection, found)
            rollup.discount(connection, requests, branches)
        return counts

    def decision_ids(self, engine: sa.Engine) -> list[str]:
        """The decisions that it names, of those that are kept."""
        meant = sa.or_(REQUEST.c.decision_id == self.id, REQUEST.c.trace_id == self.id)
        with reading(engine) as connection:
            return list(connection.scalars(sa.select(REQUEST.c.decision_id).where(meant)))

    def _find(self, engine: sa.Engine) -> list[Found]:
        with reading(engine) as connection:
            decisions = sa.select(REQUEST.c.trace_id, REQUEST.c.span_id)
            rows = connection.execute(decisions.where(REQUEST.c.decision_id == self.id)).all()
            rows = rows or connection.execute(decisions.where(REQUEST.c.trace_id == self.id)).all()
            if rows:
                found = [Found(row.trace_id, row.span_id) for row in rows]
                return [*found, *self._repeated(connection)]
            for table, column in ((BRANCH, "decision_id"), (BRANCH, "trace_id"), (SPAN, "trace_id")):
                trace_id = connection.scalar(sa.select(table.c.trace_id).where(table.c[column] == self.id).limit(1))
                if trace_id is not None:
                    return [Found(trace_id)]
        return []

    def _repeated(self, connection: sa.Connection) -> list[Found]:
        """The shadow calls and judges that were shown the same prompt, and the judges of those shadow calls."""
        own = sa.select(REQUEST.c.decision_id).where(
            sa.or_(REQUEST.c.decision_id == self.id, REQUEST.c.trace_id == self.id)
        )
        children = sa.select(REQUEST.c.trace_id, REQUEST.c.span_id, REQUEST.c.decision_id)
        parents, found = list(connection.scalars(own)), list[Found]()
        while parents:
            rows = connection.execute(children.where(REQUEST.c.parent_decision_id.in_(parents))).all()
            found += [Found(row.trace_id, row.span_id) for row in rows]
            parents = [row.decision_id for row in rows]
        return found


def preview(engine: sa.Engine, subject: Tenant | Trace) -> Erased:
    """What the database holds; spools are not looked at.

    Raises:
        StorageError: the database cannot be read.
    """
    return Erased(dict(subject.count(engine)))


def erase(
    engine: sa.Engine,
    spools: Path,
    subject: Tenant | Trace,
    *,
    copies: Path | None = None,
    wait_s: float = WAIT_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Erased:
    """Erase all of it; done again, there is nothing left.

    Spools go first: what a running process has on its own comes into the database within moments, and is looked for
    again until none is left.

    Args:
        spools: the folder of the spools.
        copies: the folder of what waits for a collector; None when there is none.
        wait_s: how long running processes are given to move theirs.

    Raises:
        StorageError: the database cannot be written.
        OSError: a spool cannot be written.
    """
    removed: Counts = Counter()
    for looks_left in range(int(wait_s / _LOOK_S), -1, -1):
        emptied = erase_spooled(spools, subject.owns)
        removed[SPOOLED] += emptied.erased
        # Before the rows go: of some copies these alone say whose they are.
        gone, busy = _erase_copies(engine, copies, subject)
        if gone:
            removed[COPIES] += gone
        if not (emptied.held or busy) or not looks_left:
            break
        sleep(_LOOK_S)
    removed.update(subject.delete(engine))
    if removed[CONTENT.name]:
        forget_deleted_content(engine)
    return _erased(removed, erase_spooled(spools, subject.owns), busy, empty_log(engine))


def _erased(removed: Counts, left: Emptied, busy: tuple[Path, ...], log_emptied: bool) -> Erased:
    removed[SPOOLED] += left.erased
    return Erased(dict(removed), (*left.held, *busy), left.unreadable, log_emptied)


def _erase_copies(engine: sa.Engine, folder: Path | None, subject: Tenant | Trace) -> tuple[int, tuple[Path, ...]]:
    if folder is None:
        return 0, ()
    with reading(engine) as connection:
        return erase_copies(folder, partial(subject.owns_copy, connection))


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0
