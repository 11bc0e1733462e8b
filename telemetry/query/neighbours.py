"""The decisions right before and right after one, among those that filters let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemetry.query.decisions import COUNTED, PATHS, Path
from telemetry.query.filters import Filters, on_facts
from telemetry.query.windows import Places, places, windows
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
    with reading(engine) as connection:
        found: sa.Select[Any] = sa.select(columns.ts, columns.span_id).where(columns.decision_id == clean(decision_id))
        at = connection.execute(found).one_or_none()
        if at is None:
            return Neighbours(None, None)
        lie = places(connection, filters, COUNTED[path])
        return Neighbours(
            newer=_beside(connection, filters, path, lie, at, newer=True),
            older=_beside(connection, filters, path, lie, at, newer=False),
        )


def _beside(
    connection: sa.Connection, filters: Filters, path: Path | None, lie: Places, at: sa.Row[Any], *, newer: bool
) -> str | None:
    columns = REQUEST.c
    here = sa.tuple_(columns.ts, columns.span_id)
    place = sa.tuple_(sa.literal(at.ts, columns.ts.type), sa.literal(at.span_id))
    order = (columns.ts, columns.span_id) if newer else (columns.ts.desc(), columns.span_id.desc())
    condition = here > place if newer else here < place
    for window in windows(lie, wanted=1, at=at.ts, oldest_first=newer):
        conditions = [*on_facts(REQUEST, "chosen", filters, by=window.by), window.condition(columns.ts), condition]
        if path is not None:
            conditions.append(PATHS[path])
        found = connection.scalar(sa.select(columns.decision_id).where(*conditions).order_by(*order).limit(1))
        if found is not None:
            return str(found)
    return None
