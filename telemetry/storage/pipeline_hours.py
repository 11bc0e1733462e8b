"""Samples of the pipeline added up by process and hour, in the transaction that writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.storage.operation import COUNTS, EXTREMES, PIPELINE_HOUR, PIPELINE_SAMPLE

MINUTES_AN_HOUR: Final = 60
_S_AN_HOUR: Final = 3_600


def refresh(connection: sa.Connection, samples: Collection[Mapping[str, Any]]) -> None:
    """Add the hours of these samples up anew, from all that are stored. The caller commits."""
    places = {(row["process"], row["minute"] // MINUTES_AN_HOUR) for row in samples}
    for process, hour in sorted(places):
        of_hour = (PIPELINE_HOUR.c.process == process, PIPELINE_HOUR.c.hour == hour)
        connection.execute(sa.delete(PIPELINE_HOUR).where(*of_hour))
        begins = datetime.fromtimestamp(hour * _S_AN_HOUR, tz=UTC)
        # By the moment, which has an index.
        within = (_SAMPLES.c.ts >= begins, _SAMPLES.c.ts < begins + timedelta(hours=1))
        _add_up(connection, _SAMPLES.c.process == process, *within)


def rebuild(connection: sa.Connection) -> None:
    """All hours, from the samples that are kept. The caller commits."""
    connection.execute(sa.delete(PIPELINE_HOUR))
    _add_up(connection)


_SAMPLES: Final = PIPELINE_SAMPLE
# An inlined number: a bound one would be another expression to the database in GROUP BY.
_HOUR: Final = _SAMPLES.c.minute // sa.literal_column(str(MINUTES_AN_HOUR), sa.Integer())


def _add_up(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> None:
    made = {
        "hour": _HOUR,
        "process": _SAMPLES.c.process,
        "seen": sa.func.max(_SAMPLES.c.ts),
        **{name: sa.func.sum(_SAMPLES.c[name]) for name in COUNTS},
        **{name: sa.func.max(_SAMPLES.c[name]) for name in EXTREMES},
    }
    statement: sa.Select[Any] = sa.select(*made.values()).where(*conditions).group_by(_SAMPLES.c.process, _HOUR)
    connection.execute(sa.insert(PIPELINE_HOUR).from_select(list(made), statement))
