"""The decisions right before and right after one, among those that filters let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemetry.query.decisions import Path
from telemetry.query.filters import Filters, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST
from telemetry.text import clean


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids; None at the ends of the list."""

    newer: str | None
    older: str | None


def neighbours(engine: sa.Engine, filters: Filters, decision_id: str, *, path: Path | None = None) -> Neighbours:
    """Who stands above and below a decision in the list of decisions. It need not be in that list itself.

    Both are None for a decision that the store does not have.
    """
    columns = REQUEST.c
    here = sa.tuple_(columns.ts, columns.span_id)
    conditions = on_facts(REQUEST, "chosen", filters)
    if path is not None:
        conditions.append(_went(path))
    with reading(engine) as connection:
        found: sa.Select[Any] = sa.select(columns.ts, columns.span_id).where(columns.decision_id == clean(decision_id))
        at = connection.execute(found).one_or_none()
        if at is None:
            return Neighbours(None, None)
        place = sa.tuple_(sa.literal(at.ts, columns.ts.type), sa.literal(at.span_id))
        ids = sa.select(columns.decision_id).where(*conditions).limit(1)
        return Neighbours(
            newer=connection.scalar(ids.where(here > place).order_by(columns.ts, columns.span_id)),
            older=connection.scalar(ids.where(here < place).order_by(columns.ts.desc(), columns.span_id.desc())),
        )


def _went(path: Path) -> sa.ColumnElement[bool]:
    return REQUEST.c.chosen_kind == "tool" if path == "by_tool" else REQUEST.c[path].is_(True)
