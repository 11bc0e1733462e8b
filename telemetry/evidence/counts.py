"""What the decisions in a piece of evidence add up to, counted from the very rows that it holds."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import sqlalchemy as sa

from telemetry.query.filters import Filters, on_facts
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.text import from_json

PROTECTED: Final = ("sensitive", "regulated")
"""Data classes whose way is counted by itself."""
_ROWS_A_READ: Final = 2_000
_PASSED: Final = "passed"


def count(connection: sa.Connection, filters: Filters) -> dict[str, Any]:
    """Decisions by status and data class, branches by data class, model and location, rules by what they did.

    A branch is counted where its prompt went, whether or not its answer was used. ``location`` is null where no policy
    said it. A rule that let a decision pass is not counted.
    """
    decisions = _grouped(connection, REQUEST, ("data_class", "status"), "chosen", filters)
    branches = _grouped(connection, BRANCH, ("data_class", "model", "kind", "location", "outcome"), "model", filters)
    return {
        "decisions": sum(row["count"] for row in decisions),
        "decisions_by_data_class_and_status": decisions,
        "branches": sum(row["count"] for row in branches),
        "branches_by_data_class_model_and_location": branches,
        "protected_branches_by_location": {
            location or "unknown": sum(
                row["count"] for row in branches if row["data_class"] in PROTECTED and row["location"] == location
            )
            for location in ("local", "cloud", None)
        },
        "verdicts_by_rule": _verdicts(connection, filters),
        "policy_versions": _grouped(connection, REQUEST, ("policy_version",), "chosen", filters),
    }


def _grouped(
    connection: sa.Connection, table: sa.Table, names: tuple[str, ...], model: str, filters: Filters
) -> list[dict[str, Any]]:
    columns = [table.c[name] for name in names]
    number = sa.func.count().label("number")
    statement: sa.Select[Any] = sa.select(*columns, number).where(*on_facts(table, model, filters)).group_by(*columns)
    # Sorted here: databases disagree on where nothing stands.
    rows = sorted(connection.execute(statement), key=lambda row: [(value is not None, value) for value in row])
    return [{**dict(zip(names, row, strict=False)), "count": row.number} for row in rows]


def _verdicts(connection: sa.Connection, filters: Filters) -> list[dict[str, Any]]:
    found: Counter[tuple[str, str, str]] = Counter()
    statement = (
        sa.select(REQUEST.c.verdicts)
        .where(*on_facts(REQUEST, "chosen", filters))
        .execution_options(yield_per=_ROWS_A_READ)
    )
    for (text,) in connection.execute(statement):
        for verdict in from_json(text, []):
            if isinstance(verdict, dict) and verdict.get("outcome") != _PASSED:
                told = (str(verdict.get(name) or "") for name in ("rule", "owner", "outcome"))
                found[tuple(told)] += 1  # type: ignore[index]
    return [
        {"rule": rule, "owner": owner or None, "outcome": outcome, "decisions": number}
        for (rule, owner, outcome), number in sorted(found.items())
    ]
