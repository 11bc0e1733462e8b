"""From schema version 11 to 12: drift against several references, of canaries, with causes and moments.

What was found before stays: it was found against four weeks, of what users asked, over all of a model's traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 12
_INPUT: Final = "('intent')"
"""Metrics of version 11 that describe what was asked."""
_NEW: Final = ("drift_metric", "drift_detail", "drift_week", "drift_baseline")


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    columns = {column["name"] for column in sa.inspect(connection).get_columns("drift_metric")}
    old = "purpose" not in columns
    if old:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE found AS SELECT * FROM drift_metric")
        connection.exec_driver_sql("DROP TABLE drift_metric")
    for name in _NEW:
        tables[name].create(connection, checkfirst=True)
    if old:
        for statement in _TAKE_OVER:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DROP TABLE found")
    progress(1.0)


_KEY: Final = "week, purpose, model, simulated, against, scope, part, metric"
_SAME: Final = "week, 'user', model, simulated, 'trailing', 'model', '', metric"
_MORE: Final = "run_id, kind, unit, state, n, n_reference, effect_name, effect, threshold, p_name, p, q"
_TAKE_OVER: Final = (
    f"INSERT INTO drift_metric ({_KEY}, {_MORE}, side)"  # noqa: S608 - our own names, here and below
    f" SELECT {_SAME}, {_MORE}, CASE WHEN metric IN {_INPUT} THEN 'input' ELSE 'model' END FROM found",
    f"INSERT INTO drift_detail ({_KEY}, run_id, statistics, reference, current, examples)"  # noqa: S608
    f" SELECT {_SAME}, run_id, statistics, reference, current, '[]' FROM found",
)
